#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Pairs of images: what a network gets, and what it shall make of it; docs/datasets.md.
struct PairOptions final : SourceOptions {
    std::string labels;
    std::string images;
    std::string val_labels;
    std::string val_images;
    std::string test_labels;
    std::string test_images;
    int percent_val = 10;
    int percent_test = 0;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kPairs;

}  // namespace digits
