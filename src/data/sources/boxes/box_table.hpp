#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// A CSV file with a box a row: OpenImages, or any with columns of such names; docs/datasets.md.
struct BoxTableOptions final : SourceOptions {
    std::string table;
    std::string val_table;
    std::string test_table;
    std::string images;
    std::string class_names;  ///< OpenImages: a CSV file of codes and names
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kBoxTable;

}  // namespace digits
