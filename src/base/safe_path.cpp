#include "base/safe_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace digits {
namespace {

bool lies_inside(const std::filesystem::path& root, const std::filesystem::path& path) {
    const auto [end_of_root, where] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return end_of_root == root.end() || (end_of_root->empty() && std::next(end_of_root) == root.end());
}

Error outside_of_roots(std::string_view path) {
    return make_error(ErrorCode::kPermissionDenied, "{} is outside the folders that Digits may use", path)
        .advise("Start the server with --root for the folder that holds it");
}

}  // namespace

Result<std::filesystem::path> resolve_allowed(const std::vector<std::filesystem::path>& roots,
                                              const std::filesystem::path& path) {
    if (path.string().find('\0') != std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "a path cannot contain a zero byte");
    std::error_code error;
    const auto resolved = std::filesystem::weakly_canonical(path, error);
    if (error) return fail(errno_error("cannot resolve " + path.string(), error.value()));
    for (const auto& root : roots) {
        const auto resolved_root = std::filesystem::weakly_canonical(root, error);
        if (!error && lies_inside(resolved_root, resolved)) return resolved;
    }
    return fail(outside_of_roots(path.string()));
}

Result<std::filesystem::path> resolve_inside(const std::filesystem::path& root, std::string_view relative) {
    const std::filesystem::path path(relative);
    if (path.is_absolute())
        return fail(ErrorCode::kPermissionDenied, "{} is an absolute path; it must be relative to the job's folder",
                    relative);
    auto resolved = resolve_allowed({root}, root / path);
    if (!resolved) return fail(ErrorCode::kPermissionDenied, "{} leads out of its folder", relative);
    return resolved;
}

Status AllowedRoots::check(const std::filesystem::path& path) {
    if (roots_.empty()) return {};
    if (auto folder = path.parent_path(); folder != folder_) {
        folder_ = std::move(folder);
        folder_is_inside_ = resolve_allowed(roots_, folder_).has_value();
    }
    std::error_code ignored;
    const bool leads_on = path.filename() == ".." || std::filesystem::is_symlink(path, ignored);
    if (folder_is_inside_ && !leads_on) return {};
    DIGITS_TRY(resolve_allowed(roots_, path));
    return {};
}

ReadableRoots::ReadableRoots(const std::vector<std::string>& roots) : everywhere_(roots.empty()) {
    for (const auto& root : roots) {
        std::error_code error;
        auto resolved = std::filesystem::weakly_canonical(root, error);
        if (!error) roots_.push_back(std::move(resolved));
    }
}

Status ReadableRoots::check_open(int fd, std::string_view path) const {
    if (everywhere_) return {};
    std::array<char, PATH_MAX> real;
    const auto size = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), real.data(), real.size());
    if (size < 0) return fail(errno_error(fmt::format("cannot resolve {}", path), errno));
    const std::filesystem::path place(std::string_view(real.data(), static_cast<std::size_t>(size)));
    if (std::ranges::any_of(roots_, [&](const auto& root) { return lies_inside(root, place); })) return {};
    return fail(outside_of_roots(path));
}

Status ReadableRoots::check_missing(const std::string& path) const {
    if (!everywhere_) DIGITS_TRY(resolve_allowed(roots_, path));
    return {};
}

}  // namespace digits
