#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// An export of Label Studio as JSON; docs/datasets.md.
struct LabelStudioOptions final : SourceOptions {
    std::string json;
    std::string images;
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kLabelStudio;

}  // namespace digits
