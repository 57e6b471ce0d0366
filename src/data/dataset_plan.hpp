#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"
#include "data/sources/lists.hpp"

namespace digits {

enum class Split { kTrain, kVal, kTest };
inline constexpr std::array<Split, 3> kSplits{Split::kTrain, Split::kVal, Split::kTest};
template <>
struct EnumNames<Split> {
    static constexpr std::array<std::pair<Split, std::string_view>, 3> kNames{
        {{Split::kTrain, "train"}, {Split::kVal, "val"}, {Split::kTest, "test"}}};
};

/// Which pictures go where, before any of them is read.
struct DatasetPlan {
    std::vector<std::string> labels;
    std::array<std::vector<ListEntry>, 3> splits;  ///< by Split; in list order, class by class for folders
    std::vector<std::string> warnings;

    std::vector<ListEntry>& entries(Split split) { return splits[static_cast<std::size_t>(split)]; }
    const std::vector<ListEntry>& entries(Split split) const { return splits[static_cast<std::size_t>(split)]; }
    std::vector<std::size_t> per_class(Split split) const;
};

/// Scans the folders or reads the lists. `found` as in scan_folder. The same spec on the same files gives the same
/// plan.
Result<DatasetPlan> plan_dataset(const DatasetSpec& spec, const std::function<bool(std::size_t)>& found = {});

}  // namespace digits
