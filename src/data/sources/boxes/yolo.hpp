#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// YOLO: a text file per image, with the names of the classes in data.yaml or a list; docs/datasets.md.
struct YoloOptions final : SourceOptions {
    std::string folder;
    std::string images;  ///< folder of the images; empty: they lie in `folder`
    int percent_val = 25;
    int percent_test = 0;
    bool skip_bad_rows = false;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kYolo;

}  // namespace digits
