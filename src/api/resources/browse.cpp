#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/safe_path.hpp"
#include "http/header_text.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 1000;
/// A folder may hold millions of pictures; so many names are looked at before the first ones in order are chosen.
constexpr std::size_t kMaxNamesRead = 100'000;

struct FolderEntry {
    std::string name;
    bool is_folder = false;
};

/// Folders first, then by name, capital or not.
bool comes_first(const FolderEntry& a, const FolderEntry& b) {
    if (a.is_folder != b.is_folder) return a.is_folder;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    const auto order = std::lexicographical_compare_three_way(
        a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
        [&](char x, char y) { return static_cast<unsigned char>(lower(x)) <=> static_cast<unsigned char>(lower(y)); });
    return order != 0 ? order < 0 : a.name < b.name;
}

bool is_allowed(const Context& context, const fs::path& path) {
    return context.options.roots.empty() || resolve_allowed(context.options.roots, path).has_value();
}

/// The folder's entries that may be shown: no hidden files, nothing that leads out of the roots or cannot be named in
/// JSON, only folders and plain files.
Result<std::vector<FolderEntry>> read_entries(const fs::path& folder, const Context& context, bool& truncated) {
    std::error_code error;
    fs::directory_iterator walk(folder, error);
    if (error == std::errc::permission_denied)
        return fail(make_error(ErrorCode::kPermissionDenied, "the server may not read the folder {}", folder.string())
                        .at("?path")
                        .advise("Let the user that runs the server read it"));
    if (error)
        return fail(
            make_error(ErrorCode::kNotFound, "cannot read {}: {}", folder.string(), error.message()).at("?path"));
    std::vector<FolderEntry> entries;
    for (; walk != fs::directory_iterator() && !error; walk.increment(error)) {
        if (entries.size() >= kMaxNamesRead) {
            truncated = true;
            break;
        }
        auto name = walk->path().filename().string();
        if (name.starts_with('.') || !http::is_utf8(name)) continue;
        std::error_code ignored;
        const bool is_folder = walk->is_directory(ignored);
        if (!is_folder && !walk->is_regular_file(ignored)) continue;
        if (walk->is_symlink(ignored) && !is_allowed(context, walk->path())) continue;
        entries.push_back({std::move(name), is_folder});
    }
    return entries;
}

json entry_view(const std::string& name, bool is_folder, const fs::path& path) {
    std::error_code error;
    const auto bytes = is_folder ? 0 : fs::file_size(path, error);
    return {
        {"name", name}, {"kind", is_folder ? "folder" : "file"}, {"bytes", is_folder || error ? json() : json(bytes)}};
}

/// Where browsing begins: the only root, the list of the roots, or "/".
Response start(const std::vector<fs::path>& roots) {
    json entries = json::array();
    for (const auto& root : roots) entries.push_back(entry_view(root.string(), true, root));
    return json_response(200,
                         {{"path", ""}, {"parent", nullptr}, {"entries", std::move(entries)}, {"truncated", false}});
}

Result<Response> browse(const Request& request, Context& context) {
    const auto& roots = context.options.roots;
    const auto* asked = request.find_query("path");
    fs::path path = asked == nullptr ? fs::path() : fs::path(*asked);
    if (path.empty()) {
        if (roots.size() > 1) return start(roots);
        path = roots.empty() ? fs::path("/") : roots.front();
    }
    if (!path.is_absolute())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "expected an absolute path, got {}", path.string()).at("?path"));
    std::error_code error;
    if (roots.empty()) {
        path = fs::weakly_canonical(path, error);
        if (error)
            return fail(
                make_error(ErrorCode::kNotFound, "cannot read {}: {}", path.string(), error.message()).at("?path"));
    } else {
        auto allowed = resolve_allowed(roots, path);
        if (!allowed) return fail(Error(allowed.error()).at("?path"));
        path = *std::move(allowed);
    }
    if (!fs::is_directory(path, error))
        return fail(make_error(ErrorCode::kNotFound, "there is no folder {} on the server's machine", path.string())
                        .at("?path"));
    bool truncated = false;
    DIGITS_ASSIGN(auto found, read_entries(path, context, truncated));
    truncated = truncated || found.size() > kMaxEntries;
    const auto shown = std::min(found.size(), kMaxEntries);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), found.end(), comes_first);
    json entries = json::array();
    for (std::size_t i = 0; i < shown; ++i)
        entries.push_back(entry_view(found[i].name, found[i].is_folder, path / found[i].name));
    const auto parent = path.parent_path();
    const bool is_root = parent == path || !is_allowed(context, parent);
    return json_response(200, {{"path", path.string()},
                               {"parent", is_root ? json() : json(parent.string())},
                               {"entries", std::move(entries)},
                               {"truncated", truncated}});
}

}  // namespace

void register_browse(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/browse", [&](const Request& request) { return browse(request, context); });
}

}  // namespace digits::api
