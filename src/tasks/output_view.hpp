#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "tasks/task.hpp"

namespace digits {

/// DIGITS's visualization methods. kTask: what the model's task makes of its outputs. kGradients: two numbers as an
/// arrow.
enum class OutputViewKind { kTask, kBoxes, kImage, kMask, kRaw, kGradients };
template <>
struct EnumNames<OutputViewKind> {
    static constexpr std::array<std::pair<OutputViewKind, std::string_view>, 6> kNames{{
        {OutputViewKind::kTask, "task"},
        {OutputViewKind::kBoxes, "boxes"},
        {OutputViewKind::kImage, "image"},
        {OutputViewKind::kMask, "mask"},
        {OutputViewKind::kRaw, "raw"},
        {OutputViewKind::kGradients, "gradients"},
    }};
};

/// The order of the colors in an output of 3 channels. Records are B, G, R, and so is what a network makes of them.
enum class ChannelOrder { kBgr, kRgb };
template <>
struct EnumNames<ChannelOrder> {
    static constexpr std::array<std::pair<ChannelOrder, std::string_view>, 2> kNames{
        {{ChannelOrder::kBgr, "bgr"}, {ChannelOrder::kRgb, "rgb"}}};
};

/// Planes, or pixels one after the other.
enum class DataOrder { kChw, kHwc };
template <>
struct EnumNames<DataOrder> {
    static constexpr std::array<std::pair<DataOrder, std::string_view>, 2> kNames{
        {{DataOrder::kChw, "chw"}, {DataOrder::kHwc, "hwc"}}};
};

/// Values cut to 0 … 255, or spread so that the least becomes 0 and the greatest 255.
enum class PixelConversion { kClip, kNormalize };
template <>
struct EnumNames<PixelConversion> {
    static constexpr std::array<std::pair<PixelConversion, std::string_view>, 2> kNames{
        {{PixelConversion::kClip, "clip"}, {PixelConversion::kNormalize, "normalize"}}};
};

/// Colors of classes: the dataset's, else Pascal VOC's; the dataset's or an error; twelve in pairs; levels of grey.
enum class Colormap { kUsual, kDataset, kPaired, kNone };
template <>
struct EnumNames<Colormap> {
    static constexpr std::array<std::pair<Colormap, std::string_view>, 4> kNames{{
        {Colormap::kUsual, ""},
        {Colormap::kDataset, "dataset"},
        {Colormap::kPaired, "paired"},
        {Colormap::kNone, "none"},
    }};
};

enum class ArrowColor { kRed, kGreen, kBlue };
template <>
struct EnumNames<ArrowColor> {
    static constexpr std::array<std::pair<ArrowColor, std::string_view>, 3> kNames{
        {{ArrowColor::kRed, "red"}, {ArrowColor::kGreen, "green"}, {ArrowColor::kBlue, "blue"}}};
};

/// How outputs are shown. Each kind looks at its own members only.
struct OutputView {
    OutputViewKind kind = OutputViewKind::kTask;
    ChannelOrder channel_order = ChannelOrder::kBgr;
    DataOrder data_order = DataOrder::kChw;
    PixelConversion pixel_conversion = PixelConversion::kClip;
    Colormap colormap = Colormap::kUsual;
    ArrowColor arrow_color = ArrowColor::kRed;
    int arrow_size = 80;  ///< of a slope of 1/2, in per cent of half the image
};

/// The answer in this view. Errors: those of `Task::answer`; kFailedPrecondition for outputs that the view cannot show.
Result<nlohmann::json> answer_in_view(const OutputView& view, const Task& task, std::span<const OutputArray> outputs,
                                      const TargetFacts& facts, const AnswerOptions& options);

}  // namespace digits
