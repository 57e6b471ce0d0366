#include "tasks/output_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "tasks/data_url.hpp"
#include "tasks/output_forms.hpp"

namespace digits {
namespace {

/// ColorBrewer's twelve paired colors, as DIGITS takes them from Matplotlib.
constexpr std::array<const char*, 12> kPaired{"#a6cee3", "#1f78b4", "#b2df8a", "#33a02c", "#fb9a99", "#e31a1c",
                                              "#fdbf6f", "#ff7f00", "#cab2d6", "#6a3d9a", "#ffff99", "#b15928"};
constexpr int kMostColors = 256;
constexpr std::size_t kMostNumbers = 10'000;

/// Where the axes of an image are in an output, and how large they are.
struct Layout {
    int width = 0, height = 0, channels = 0;
    bool are_planes = true;

    std::size_t place(int x, int y, int channel) const {
        const auto pixel = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
        const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
        const auto plane = static_cast<std::size_t>(channel);
        return are_planes ? plane * pixels + pixel : pixel * static_cast<std::size_t>(channels) + plane;
    }
};

Result<Layout> layout_of(const OutputArray& output, DataOrder order) {
    std::vector<int> axes;
    for (const auto size : output.shape) axes.push_back(static_cast<int>(size));
    if (axes.size() == 2) axes.insert(order == DataOrder::kChw ? axes.begin() : axes.end(), 1);
    if (axes.size() != 3)
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The output {} is not an image, which has channels, height and width.",
                               forms_of(std::span(&output, 1)))
                        .advise("Choose another view"));
    const Layout layout =
        order == DataOrder::kChw ? Layout{axes[2], axes[1], axes[0], true} : Layout{axes[1], axes[0], axes[2], false};
    if (layout.channels != 1 && layout.channels != 3)
        return fail(make_error(ErrorCode::kFailedPrecondition, "Unhandled number of channels: {}", layout.channels)
                        .advise("Choose another view, or another data order"));
    return layout;
}

/// The first output as an image.
Result<nlohmann::json> image_answer(const OutputView& view, std::span<const OutputArray> outputs,
                                    const AnswerOptions& options) {
    if (outputs.empty()) return fail(ErrorCode::kFailedPrecondition, "The network has no output.");
    const auto& output = outputs.front();
    DIGITS_TRY(check_finite(output));
    DIGITS_ASSIGN(const auto layout, layout_of(output, view.data_order));
    float least = 0, most = 255;
    if (view.pixel_conversion == PixelConversion::kNormalize && !output.values.empty()) {
        const auto [low, high] = std::ranges::minmax_element(output.values);
        least = *low;
        most = *high;
    }
    const float scale = most > least ? 255 / (most - least) : 0;
    Image image;
    image.reset(layout.width, layout.height, layout.channels);
    auto* pixel = image.pixels.data();
    const bool turn = layout.channels == 3 && view.channel_order == ChannelOrder::kBgr;
    for (int y = 0; y < layout.height; ++y)
        for (int x = 0; x < layout.width; ++x)
            for (int channel = 0; channel < layout.channels; ++channel) {
                const float value = output.values[layout.place(x, y, turn ? 2 - channel : channel)];
                *pixel++ = static_cast<std::uint8_t>(std::lround(std::clamp((value - least) * scale, 0.0F, 255.0F)));
            }
    DIGITS_CHECK(options.encoders.image != nullptr);
    DIGITS_ASSIGN(const auto png, options.encoders.image(image));
    return nlohmann::json{
        {"view", "image"}, {"image", png_data_url(png)}, {"width", image.width}, {"height", image.height}};
}

/// All outputs, the first numbers of large ones: a page shows them, and an answer has its limits.
nlohmann::json raw_numbers(std::span<const OutputArray> outputs, const TargetFacts& facts) {
    std::vector<OutputArray> shown(outputs.begin(), outputs.end());
    for (auto& output : shown) output.values = output.values.first(std::min(output.values.size(), kMostNumbers));
    auto answer = raw_answer(shown);
    answer["names"] = facts.names;
    return answer;
}

/// The numbers, and the first two of the first output as an arrow from the middle of the image.
Result<nlohmann::json> gradients_answer(const OutputView& view, std::span<const OutputArray> outputs,
                                        const TargetFacts& facts) {
    if (outputs.empty() || outputs.front().values.size() != 2)
        return fail(make_error(ErrorCode::kFailedPrecondition, "The outputs {} are not a slope, which has two numbers.",
                               forms_of(outputs))
                        .advise("Choose another view"));
    DIGITS_TRY(check_finite(outputs.front()));
    auto answer = raw_numbers(outputs, facts);
    answer["arrow"] = {{"x", outputs.front().values[0]},
                       {"y", outputs.front().values[1]},
                       {"color", enum_name(view.arrow_color)},
                       {"size", view.arrow_size}};
    return answer;
}

Result<TargetFacts> colored(TargetFacts facts, Colormap colormap) {
    if (colormap == Colormap::kDataset && facts.palette.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "No palette found in dataset - choose other colormap"));
    if (colormap == Colormap::kPaired || colormap == Colormap::kNone) facts.palette.clear();
    const auto classes = std::clamp(static_cast<int>(facts.labels.size()), 2, kMostColors);
    for (int i = 0; i < kMostColors && colormap == Colormap::kPaired; ++i)
        facts.palette.emplace_back(kPaired[static_cast<std::size_t>(i) % kPaired.size()]);
    for (int i = 0; i < classes && colormap == Colormap::kNone; ++i)
        facts.palette.push_back(fmt::format("#{0:02x}{0:02x}{0:02x}", 255 * i / (classes - 1)));
    return facts;
}

}  // namespace

Result<nlohmann::json> answer_in_view(const OutputView& view, const Task& task, std::span<const OutputArray> outputs,
                                      const TargetFacts& facts, const AnswerOptions& options) {
    switch (view.kind) {
        case OutputViewKind::kImage: return image_answer(view, outputs, options);
        case OutputViewKind::kRaw: return raw_numbers(outputs, facts);
        case OutputViewKind::kGradients: return gradients_answer(view, outputs, facts);
        case OutputViewKind::kBoxes: {
            DIGITS_ASSIGN(const auto* boxes, get_task("detection"));
            return boxes->answer(outputs, facts, options);
        }
        case OutputViewKind::kMask: {
            DIGITS_ASSIGN(const auto* masks, get_task("segmentation"));
            DIGITS_ASSIGN(const auto with_colors, colored(facts, view.colormap));
            return masks->answer(outputs, with_colors, options);
        }
        case OutputViewKind::kTask: break;
    }
    return task.answer(outputs, facts, options);
}

}  // namespace digits
