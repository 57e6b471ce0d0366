#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// Pascal VOC: an XML file per image, with lists of the splits; docs/datasets.md.
struct VocOptions final : SourceOptions {
    std::string annotations;
    std::string images;
    std::string sets;  ///< folder with train.txt, val.txt …; empty: shares
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kVoc;

}  // namespace digits
