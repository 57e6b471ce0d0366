#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Pairs of images for siamese networks, which are similar or not: of the classes of folders, or of a list;
/// docs/datasets.md.
struct SiameseOptions final : SourceOptions {
    std::string path;   ///< folders of classes
    std::string pairs;  ///< instead: lines of two paths and 1 or 0
    std::string root;
    int per_image = 2;  ///< pairs of each image, half of them similar
    int percent_val = 25;
    int percent_test = 0;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kSiamese;

}  // namespace digits
