#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/sources/source.hpp"

namespace digits {

/// Options of sources whose labels are in one JSON file, or in one for each split.
struct JsonSplitOptions : SourceOptions {
    std::string json;
    std::string val_json;
    std::string test_json;
    std::string images;  ///< folder; empty: beside the labels
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    struct LabelFile {
        std::string path;
        std::optional<Split> split;  ///< none: shares divide its images
    };
    /// Those that are given, `json` first.
    std::vector<LabelFile> files() const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

}  // namespace digits
