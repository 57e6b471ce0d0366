#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Images of gradients with their slopes, made by a formula; docs/datasets.md.
struct GradientsOptions final : SourceOptions {
    int train_count = 1000;
    int val_count = 250;
    int test_count = 0;
    int width = 50;
    int height = 50;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kGradients;

}  // namespace digits
