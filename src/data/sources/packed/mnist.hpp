#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// The folder with MNIST's four IDX files. The 10,000 test images validate.
struct MnistOptions final : SourceOptions {
    std::string path;
    int percent_test = 0;
    int min_per_class = 2;
    int max_per_class = 0;  ///< 0: no limit

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kMnist;

}  // namespace digits
