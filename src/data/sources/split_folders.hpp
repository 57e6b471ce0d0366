#pragma once

// Separate folders of images and labels for validation and tests, which several sources have.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// A folder of images and one of what belongs to them.
struct FolderPair {
    std::string_view labels_member, images_member;  ///< of the options
    std::string labels, images;
    Split split = Split::kTrain;
};

/// Those that are given, beside the first pair. `what`: of the labels, "masks".
inline Status check_folder_pairs(const std::vector<FolderPair>& pairs, std::string_view what,
                                 const std::string& where) {
    for (const auto& pair : pairs) {
        if (pair.labels.empty() == pair.images.empty()) continue;
        return fail(
            make_error(ErrorCode::kInvalidArgument, "{} needs a folder of images and one of {}",
                       pair.split == Split::kVal ? "Validation" : "The test set", what)
                .at(fmt::format("{}/{}", where, pair.labels.empty() ? pair.labels_member : pair.images_member)));
    }
    return {};
}

inline void add_places(const std::vector<FolderPair>& pairs, std::vector<SourcePlace>& places) {
    for (const auto& pair : pairs) {
        places.push_back({pair.labels_member, pair.labels, true, false});
        places.push_back({pair.images_member, pair.images, true, false});
    }
}

}  // namespace digits
