#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "base/enum_names.hpp"

namespace digits {

enum class Split { kTrain, kVal, kTest };
inline constexpr std::array<Split, 3> kSplits{Split::kTrain, Split::kVal, Split::kTest};
template <>
struct EnumNames<Split> {
    static constexpr std::array<std::pair<Split, std::string_view>, 3> kNames{
        {{Split::kTrain, "train"}, {Split::kVal, "val"}, {Split::kTest, "test"}}};
};

}  // namespace digits
