#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset_plan.hpp"

namespace digits {

/// Pictures of a plan whose files, and rectangles, are equal byte by byte.
struct DuplicateGroup {
    struct Member {
        std::string path;  ///< with its rectangle, if it is one
        Split split = Split::kTrain;
        int label = 0;
    };
    std::vector<Member> members;

    bool crosses_splits() const;
    bool has_two_labels() const;
};

struct Duplicates {
    std::vector<DuplicateGroup> groups;
    std::uint64_t compared = 0;  ///< pictures
    bool complete = true;        ///< false: the time was over before all were compared
};

/// Reads only files that share their size with another.
Duplicates find_duplicates(const DatasetPlan& plan, std::chrono::steady_clock::time_point until);

}  // namespace digits
