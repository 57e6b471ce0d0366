#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// COCO: a JSON file for all images of a split; docs/datasets.md.
struct CocoOptions final : SourceOptions {
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

extern const SourceKind kCoco;

}  // namespace digits
