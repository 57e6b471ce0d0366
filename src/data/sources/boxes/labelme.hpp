#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// labelme: a JSON file per image; docs/datasets.md.
struct LabelmeOptions final : SourceOptions {
    std::string folder;
    std::string images;
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kLabelme;

}  // namespace digits
