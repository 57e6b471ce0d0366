#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// A text file of rectangles in images, a class each; docs/datasets.md.
struct CropOptions final : SourceOptions {
    std::string crops;
    std::string root;
    int percent_val = 25;
    int percent_test = 0;
    int min_per_class = 2;
    int max_per_class = 0;  ///< 0: no limit

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kCrops;

}  // namespace digits
