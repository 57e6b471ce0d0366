#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Images that a network learns to reproduce; docs/datasets.md.
struct AutoencoderOptions final : SourceOptions {
    std::string images;
    int percent_val = 10;
    int percent_test = 0;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kAutoencoder;

}  // namespace digits
