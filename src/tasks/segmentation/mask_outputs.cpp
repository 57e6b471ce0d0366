#include "tasks/segmentation/mask_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tasks/output_forms.hpp"

namespace digits {
namespace {

const OutputArray* choose(std::span<const OutputArray> outputs, std::size_t classes) {
    const OutputArray *map = nullptr, *of_size = nullptr, *softmax = nullptr, *numbers = nullptr;
    for (const auto& output : outputs) {
        if (output.shape.size() == 2 || (output.shape.size() == 3 && output.shape[0] == 1)) {
            numbers = &output;
            continue;
        }
        if (output.shape.size() != 3) continue;
        map = &output;
        if (output.shape[0] != static_cast<std::int64_t>(classes)) continue;
        of_size = &output;
        if (output.type == "Softmax") softmax = &output;
    }
    return softmax ? softmax : of_size ? of_size : numbers ? numbers : map;
}

/// VOC's color map: the bits of the number, spread over the three channels.
std::string voc_color(unsigned label) {
    unsigned channels[3]{};
    for (int bit = 7; label > 0; --bit, label >>= 3)
        for (unsigned c = 0; c < 3; ++c) channels[c] |= ((label >> c) & 1U) << bit;
    return fmt::format("#{:02x}{:02x}{:02x}", channels[0], channels[1], channels[2]);
}

/// The pixel of the map under each of an image's columns or rows; -1: outside.
std::vector<int> source_pixels(int size, double scale, double offset, int input, int mapped) {
    std::vector<int> pixels(static_cast<std::size_t>(size), -1);
    for (int i = 0; i < size; ++i) {
        const double at = (i + 0.5) * scale + offset;
        if (at < 0 || at >= input) continue;
        pixels[static_cast<std::size_t>(i)] =
            std::min(mapped - 1, static_cast<int>(std::floor(at * mapped / std::max(input, 1))));
    }
    return pixels;
}

}  // namespace

Result<ClassMap> find_class_map(std::span<const OutputArray> outputs, std::size_t classes) {
    const auto* chosen = choose(outputs, classes);
    if (!chosen)
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The network has no output with a class for each pixel: its outputs are {}.",
                               forms_of(outputs))
                        .advise("Let the deploy network end in scores of classes x height x width, for instance a "
                                "Convolution and a Softmax"));
    DIGITS_TRY(check_finite(*chosen));
    const auto rank = chosen->shape.size();
    ClassMap map{static_cast<int>(chosen->shape[rank - 1]), static_cast<int>(chosen->shape[rank - 2]), {}};
    const std::size_t plane = static_cast<std::size_t>(map.width) * static_cast<std::size_t>(map.height);
    map.ids.resize(plane);
    const std::size_t channels = rank == 3 ? static_cast<std::size_t>(chosen->shape[0]) : 1;
    const float* values = chosen->values.data();
    if (channels == 1) {
        // Numbers of classes; with a score of one class: whether it is more likely than not.
        const bool is_score = chosen->type == "Sigmoid" && classes == 2;
        for (std::size_t i = 0; i < plane; ++i)
            map.ids[i] =
                static_cast<std::uint16_t>(is_score ? values[i] > 0.5F : std::clamp(values[i], 0.0F, 65535.0F));
        return map;
    }
    std::vector<float> best(values, values + plane);
    for (std::size_t c = 1; c < channels; ++c) {
        const float* scores = values + c * plane;
        for (std::size_t i = 0; i < plane; ++i)
            if (scores[i] > best[i]) {
                best[i] = scores[i];
                map.ids[i] = static_cast<std::uint16_t>(c);
            }
    }
    return map;
}

std::vector<int> map_to_image(const ClassMap& map, const AskedImage& asked) {
    const auto& placement = asked.placement;
    const auto columns =
                   source_pixels(asked.width, placement.scale_x, placement.offset_x, asked.input_width, map.width),
               rows =
                   source_pixels(asked.height, placement.scale_y, placement.offset_y, asked.input_height, map.height);
    std::vector<int> pixels;
    pixels.reserve(columns.size() * rows.size());
    for (const int row : rows)
        for (const int column : columns)
            pixels.push_back(row < 0 || column < 0
                                 ? -1
                                 : map.ids[static_cast<std::size_t>(row) * static_cast<std::size_t>(map.width) +
                                           static_cast<std::size_t>(column)]);
    return pixels;
}

std::vector<std::string> class_colors(const TargetFacts& facts) {
    std::vector<std::string> colors = facts.palette;
    while (colors.size() < std::max<std::size_t>(facts.labels.size(), 1))
        colors.push_back(voc_color(static_cast<unsigned>(colors.size())));
    return colors;
}

}  // namespace digits
