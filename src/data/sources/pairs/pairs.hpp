#pragma once

#include <array>
#include <string>

#include "base/enum_names.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// Which half of an image file that holds a pair is what the network gets.
enum class SideBySide { kNo, kInputLeft, kInputRight };
template <>
struct EnumNames<SideBySide> {
    static constexpr std::array<std::pair<SideBySide, std::string_view>, 3> kNames{
        {{SideBySide::kNo, "no"}, {SideBySide::kInputLeft, "input_left"}, {SideBySide::kInputRight, "input_right"}}};
};

/// Pairs of images: a network's input and the output wanted; docs/datasets.md.
struct PairOptions final : SourceOptions {
    std::string labels;
    std::string images;
    std::string val_labels;
    std::string val_images;
    std::string test_labels;
    std::string test_images;
    SideBySide side_by_side = SideBySide::kNo;  ///< both in one file; the folders of images and labels are the same
    int percent_val = 10;
    int percent_test = 0;

    Status validate(const std::string& where) const;
    std::vector<SourcePlace> places() const;
    std::vector<Split> splits() const;
};

extern const SourceKind kPairs;

}  // namespace digits
