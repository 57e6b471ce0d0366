#pragma once

#include <string>

#include "data/sources/source.hpp"

namespace digits {

/// WebDataset: tar files whose members with the same key are one sample; docs/formats/exports.md.
struct ShardOptions final : SourceOptions {
    std::string folder;
    int percent_val = 25;
    int percent_test = 0;

    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kShards;

}  // namespace digits
