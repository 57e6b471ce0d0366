#include "base/safe_path.hpp"

#include <algorithm>

namespace digits {
namespace {

bool lies_inside(const std::filesystem::path& root, const std::filesystem::path& path) {
    const auto [end_of_root, where] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return end_of_root == root.end() || (end_of_root->empty() && std::next(end_of_root) == root.end());
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
    return fail(
        make_error(ErrorCode::kPermissionDenied, "{} lies outside the folders that Digits may use", path.string())
            .advise("Start the server with --root for the folder that holds it"));
}

Result<std::filesystem::path> resolve_inside(const std::filesystem::path& root, std::string_view relative) {
    const std::filesystem::path path(relative);
    if (path.is_absolute())
        return fail(ErrorCode::kPermissionDenied, "{} is an absolute path, expected one inside the job's folder",
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

}  // namespace digits
