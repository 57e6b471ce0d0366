#include "data/sources/first_picture.hpp"

#include <algorithm>
#include <filesystem>

#include "data/guard.hpp"
#include "data/sources/crop_list.hpp"
#include "data/sources/folder.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr int kMostDepth = 32;

/// Depth first, by name; one folder's names at a time.
std::string find_below(const fs::path& folder, int depth) {
    std::vector<fs::path> folders;
    std::string first;
    std::error_code error;
    for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
        std::error_code ignored;
        if (it->is_directory(ignored)) {
            folders.push_back(it->path());
        } else if (has_image_extension(it->path().filename().string())) {
            const auto path = it->path().string();
            if (first.empty() || path < first) first = path;
        }
    }
    if (!first.empty() || depth == kMostDepth) return first;
    std::ranges::sort(folders);
    for (const auto& one : folders)
        if (auto found = find_below(one, depth + 1); !found.empty()) return found;
    return {};
}

}  // namespace

Result<ListEntry> first_picture(const DatasetSpec& spec) {
    return guarded("find a picture", [&]() -> Result<ListEntry> {
        const auto& source = spec.source;
        if (source.type == SourceType::kLists) {
            DIGITS_ASSIGN(auto list, read_image_list(source.train, source.root, spec.roots));
            return list.entries.front();
        }
        if (source.type == SourceType::kCrops) {
            DIGITS_ASSIGN(auto crops, read_crop_list(source.crops, source.root, spec.roots));
            const auto& first = crops.entries.front();
            return ListEntry{first.path, 0, first.box};
        }
        DIGITS_TRY(check_folder(source.path, "/source/path"));
        auto found = find_below(source.path, 0);
        if (found.empty())
            return fail(make_error(ErrorCode::kNotFound, "there is no picture in {}", source.path).at("/source/path"));
        return ListEntry{std::move(found), 0, {}};
    });
}

}  // namespace digits
