#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task_context.hpp"
#include "image/image.hpp"

namespace digits {

struct LabelledImage {
    Image image;
    int label = 0;
};

/// A set of images to lay out as DIGITS's download tool does.
struct ImageTree {
    std::filesystem::path folder;     ///< gets `<label>/<index>.png`, `labels.txt` and the list
    std::string list_name;            ///< "train.txt": lines of path and label number
    std::vector<std::string> labels;  ///< folder names, too
    std::uint64_t count = 0;
    std::function<LabelledImage(std::uint64_t)> image;  ///< called from several threads
};

/// Writes the images on all cores; `labels.txt` comes last, so that where it is the tree is whole. Errors:
/// kCancelled, kResourceExhausted (disk), kInvalidArgument for a label outside the list.
Status write_image_tree(const ImageTree& tree, TaskContext& context);

}  // namespace digits
