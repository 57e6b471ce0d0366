#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// A text file of an image's path and one or more numbers a line; docs/datasets.md.
struct CsvOptions final : SourceOptions {
    std::string csv;
    std::string val_csv;
    std::string test_csv;
    std::string root;
    int percent_val = 25;
    int percent_test = 0;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kCsv;

}  // namespace digits
