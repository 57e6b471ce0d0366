#include "base/folder_listing.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <compare>

#include "base/regular_file.hpp"
#include "base/safe_path.hpp"
#include "base/utf8.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

bool comes_first(const FolderEntry& a, const FolderEntry& b) {
    if (a.is_folder != b.is_folder) return a.is_folder;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    const auto order = std::lexicographical_compare_three_way(
        a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
        [&](char x, char y) { return static_cast<unsigned char>(lower(x)) <=> static_cast<unsigned char>(lower(y)); });
    return order != 0 ? order < 0 : a.name < b.name;
}

std::vector<fs::path> paths_of(const std::vector<std::string>& roots) { return {roots.begin(), roots.end()}; }

Result<fs::path> resolve(const fs::path& path, const std::vector<std::string>& roots) {
    if (!path.is_absolute())
        return fail(ErrorCode::kInvalidArgument, "the path must be absolute; got {}", path.string());
    if (!roots.empty()) return resolve_allowed(paths_of(roots), path);
    std::error_code error;
    auto resolved = fs::weakly_canonical(path, error);
    if (error) return fail(ErrorCode::kNotFound, "cannot read {}: {}", path.string(), error.message());
    return resolved;
}

}  // namespace

Result<FolderListing> list_folder(const fs::path& path, const std::vector<std::string>& roots, std::string_view prefix,
                                  const ListingLimits& limits) {
    FolderListing listing;
    DIGITS_ASSIGN(listing.folder, resolve(path, roots));
    const auto& folder = listing.folder;
    std::error_code error;
    if (!fs::is_directory(folder, error))
        return fail(ErrorCode::kNotFound, "there is no folder {} on the server's machine", folder.string());
    fs::directory_iterator walk(folder, error);
    if (error == std::errc::permission_denied)
        return fail(make_error(ErrorCode::kPermissionDenied, "the server may not read the folder {}", folder.string())
                        .advise("Let the user that runs the server read it"));
    if (error) return fail(ErrorCode::kNotFound, "cannot read {}: {}", folder.string(), error.message());
    const auto allowed = paths_of(roots);
    const auto until = Clock::now() + limits.time;
    for (std::size_t seen = 0; walk != fs::directory_iterator() && !error; walk.increment(error)) {
        if (++seen > limits.most_read || Clock::now() > until) {
            listing.truncated = true;
            break;
        }
        auto name = walk->path().filename().string();
        if (!name.starts_with(prefix) || (name.starts_with('.') && !prefix.starts_with('.')) || !is_utf8(name))
            continue;
        std::error_code ignored;
        const bool is_folder = walk->is_directory(ignored);
        if (!is_folder && !walk->is_regular_file(ignored)) continue;
        if (!roots.empty() && walk->is_symlink(ignored) && !resolve_allowed(allowed, walk->path())) continue;
        listing.entries.push_back({std::move(name), is_folder, {}});
    }
    listing.truncated = listing.truncated || listing.entries.size() > limits.most_shown;
    const auto shown = std::min(listing.entries.size(), limits.most_shown);
    std::partial_sort(listing.entries.begin(), listing.entries.begin() + static_cast<std::ptrdiff_t>(shown),
                      listing.entries.end(), comes_first);
    listing.entries.resize(shown);
    for (auto& entry : listing.entries) {
        if (entry.is_folder) continue;
        const auto bytes = fs::file_size(folder / entry.name, error);
        if (!error) entry.bytes = bytes;
    }
    auto parent = folder.parent_path();
    if (parent != folder && (roots.empty() || resolve_allowed(allowed, parent))) listing.parent = std::move(parent);
    return listing;
}

Status check_named_path(const std::string& path, bool is_folder, const std::vector<std::string>& roots) {
    if (path.find('\0') != std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "a path cannot contain a zero byte");
    if (!fs::path(path).is_absolute())
        return fail(ErrorCode::kInvalidArgument, "the path must be absolute; got {}", path);
    if (!roots.empty()) DIGITS_TRY(resolve_allowed(paths_of(roots), path));
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0)
        return fail(ErrorCode::kNotFound, "there is no {} {} on the server's machine", is_folder ? "folder" : "file",
                    path);
    if (is_folder && !S_ISDIR(info.st_mode)) return fail(ErrorCode::kNotFound, "{} is not a folder", path);
    if (!is_folder && !S_ISREG(info.st_mode)) return fail(ErrorCode::kNotFound, "{} is not a regular file", path);
    return check_holds_data(path);
}

}  // namespace digits
