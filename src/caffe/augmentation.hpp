#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <utility>

#include "base/enum_names.hpp"
#include "base/result.hpp"

namespace digits {

enum class FlipMode { kNone, kHorizontal, kVertical, kBoth };
enum class TurnMode { kNone, kQuarter, kHalf, kAll };

/// How the images of a training are varied, each differently in each epoch; docs/formats/specs.md says what each member
/// means. The defaults change nothing.
struct Augmentation {
    FlipMode flip = FlipMode::kNone;
    TurnMode turns = TurnMode::kNone;
    double rotation = 0;    ///< at most so many degrees either way
    double scale = 0;       ///< standard deviation of the factor about 1
    double noise = 0;       ///< standard deviation, the range of a sample being 1
    double contrast = 0;    ///< factor between 1 / (1 + c) and 1 + c
    double hue = 0;         ///< standard deviations of the shifts, each range being 1
    double saturation = 0;  ///< colour images only, as hue
    double value = 0;
    double erasing = 0;  ///< probability that a rectangle is erased
    double mosaic = 0;   ///< probability that an image is combined from four

    bool operator==(const Augmentation&) const = default;
    bool changes_nothing() const { return *this == Augmentation{}; }
};

/// The part that moves pixels, which boxes, masks and target images go with.
Augmentation only_geometry(const Augmentation& augmentation);

/// The name of the file, beside the solver's, that says how a training varies its images. Without it they stay.
inline constexpr std::string_view kAugmentationFile = "augmentation.json";

Result<Augmentation> parse_augmentation(const nlohmann::json& json);
nlohmann::json to_json(const Augmentation& augmentation);

template <>
struct EnumNames<FlipMode> {
    static constexpr std::array<std::pair<FlipMode, std::string_view>, 4> kNames{{{FlipMode::kNone, "none"},
                                                                                  {FlipMode::kHorizontal, "horizontal"},
                                                                                  {FlipMode::kVertical, "vertical"},
                                                                                  {FlipMode::kBoth, "both"}}};
};
template <>
struct EnumNames<TurnMode> {
    static constexpr std::array<std::pair<TurnMode, std::string_view>, 4> kNames{{{TurnMode::kNone, "none"},
                                                                                  {TurnMode::kQuarter, "quarter"},
                                                                                  {TurnMode::kHalf, "half"},
                                                                                  {TurnMode::kAll, "all"}}};
};

}  // namespace digits
