#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// A table of images with any number of labels each, in CSV or JSON; docs/datasets.md.
struct LabelTableOptions final : SourceOptions {
    std::string table;
    std::string val_table;
    std::string test_table;
    std::string root;
    std::string separator;  ///< between the labels of a field; empty: | ; or ,
    int percent_val = 25;
    int percent_test = 0;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kLabelTable;

}  // namespace digits
