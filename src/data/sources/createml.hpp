#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Boxes as Apple's Create ML has them: a JSON list of images; docs/datasets.md.
struct CreateMlOptions final : SourceOptions {
    std::string json;
    std::string val_json;
    std::string test_json;
    std::string images;
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kCreateMl;

}  // namespace digits
