#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Images and masks in two folders; docs/datasets.md.
struct MaskOptions final : SourceOptions {
    std::string masks;
    std::string images;
    std::string val_masks;
    std::string val_images;
    std::string test_masks;
    std::string test_images;
    std::string sets;          ///< folder with train.txt, val.txt …
    std::string class_labels;  ///< a name a line
    std::string color_map;     ///< a text file of colors, or an image whose palette counts
    int ignore_value = -1;     ///< of the masks; -1: none, or 255 where no class has it
    bool instances = false;    ///< several masks of 0 and 255 an image
    int percent_val = 10;
    int percent_test = 0;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kMasks;

}  // namespace digits
