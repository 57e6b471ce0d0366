#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/split.hpp"

namespace digits {

/// What the name of a folder says of the images in it: "masks", "images_train", "panoptic_train2017".
struct FolderWords {
    bool has_images = false;     ///< it says that they are images
    bool has_masks = false;      ///< it says that their pixels are classes or objects
    std::optional<Split> split;  ///< of the images
    std::string others;          ///< the words that say nothing of this, joined by "_"
};
FolderWords folder_words(std::string_view name);

/// Whether images of this folder, a path below the folder of a dataset, are masks: by the last of its names that says
/// something.
bool is_mask_folder(std::string_view path);

}  // namespace digits
