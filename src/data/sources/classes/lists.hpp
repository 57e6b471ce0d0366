#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Text files of a path and a class number a line; docs/datasets.md.
struct ListOptions final : SourceOptions {
    std::string train;
    std::string val;
    std::string test;
    std::string labels;
    std::string root;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kLists;

}  // namespace digits
