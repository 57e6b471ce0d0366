#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// CVAT: an XML file for all images; docs/datasets.md.
struct CvatOptions final : SourceOptions {
    std::string xml;
    std::string images;
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kCvat;

}  // namespace digits
