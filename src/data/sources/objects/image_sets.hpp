#pragma once

#include <map>
#include <optional>
#include <string>

#include "data/sources/objects/object_images.hpp"

namespace digits {

/// Which split each image has by lists of names, a file a split: Pascal VOC's ImageSets, YOLO's train.txt.
class ImageSets {
  public:
    /// The lists of a folder: train.txt, val.txt and test.txt; trainval.txt where there is no train.txt, default.txt
    /// where there is neither. Lists of single classes (cat_train.txt) count only where there is no other. Names that
    /// no image has, and images in two lists, become findings.
    static Result<ImageSets> read(const std::string& folder, const ImageIndex& images, const ReadableRoots& roots,
                                  ScanGuard& guard, SourceFacts& facts);
    /// One list; a line is a name with or without an ending and folders, and perhaps more behind a space. `overlaps`:
    /// it may name what an earlier list has.
    Status add(const std::string& file, Split split, const ImageIndex& images, const ReadableRoots& roots,
               SourceFacts& facts, bool overlaps = false);

    bool empty() const { return splits_.empty(); }
    std::optional<Split> split_of(const std::string& path) const {
        const auto found = splits_.find(path);
        return found == splits_.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    std::map<std::string, Split> splits_;
};

}  // namespace digits
