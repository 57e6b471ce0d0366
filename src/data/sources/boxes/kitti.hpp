#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// KITTI's label files, a text file per image, with the options of DIGITS's form; docs/datasets.md.
struct KittiOptions final : SourceOptions {
    std::string labels;
    std::string images;
    std::string val_labels;
    std::string val_images;
    std::string test_labels;
    std::string test_images;
    int percent_val = 0;
    int percent_test = 0;
    int padding_width = 0;  ///< 0: none
    int padding_height = 0;
    int val_min_box = 25;
    std::string custom_classes;  ///< with commas between; empty: DIGITS's table
    bool skip_bad_rows = false;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kKitti;

}  // namespace digits
