#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "data/sources/source.hpp"

namespace digits {

/// Samples whose files, and rectangles or items in them, are equal byte by byte.
struct DuplicateGroup {
    struct Member {
        std::string name;
        Split split = Split::kTrain;
        Target target;
    };
    std::vector<Member> members;

    bool crosses_splits() const;
    bool has_two_targets() const;
};

struct Duplicates {
    std::vector<DuplicateGroup> groups;
    std::uint64_t compared = 0;  ///< samples
    bool complete = true;        ///< false: the time was over before all were compared
};

/// Reads only files that share their size with another.
Duplicates find_duplicates(const SampleSource& source, std::chrono::steady_clock::time_point until);

}  // namespace digits
