#include "data/sources/objects/paint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "metrics/run_lengths.hpp"

namespace digits {
namespace {

Result<RunLengths> run_lengths_of(const Outline& outline, std::uint32_t width, std::uint32_t height) {
    if (!outline.polygons.empty()) return run_lengths_of_polygons(height, width, outline.polygons);
    if (outline.height != height || outline.width != width)
        return fail(ErrorCode::kInvalidArgument, "the mask is {} x {}, its image is {} x {}", outline.width,
                    outline.height, width, height);
    if (outline.compressed) return run_lengths_of_text(height, width, *outline.compressed);
    return run_lengths_of_counts(height, width, outline.counts);
}

}  // namespace

Result<Mask> paint_mask(const std::vector<std::pair<int, Outline>>& outlines, int width, int height) {
    struct Shape {
        int label = 0;
        RunLengths mask;
        std::uint64_t area = 0;
    };
    std::vector<Shape> shapes;
    for (const auto& [label, outline] : outlines) {
        DIGITS_ASSIGN(auto runs,
                      run_lengths_of(outline, static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)));
        const auto area = mask_area(runs);
        shapes.push_back({label, std::move(runs), area});
    }
    std::ranges::stable_sort(shapes, std::greater(), &Shape::area);
    Mask mask{width, height, {}};
    mask.ids.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    for (const auto& shape : shapes) {
        // Runs go down the columns.
        std::size_t at = 0;
        bool inside = false;
        for (const auto run : shape.mask.counts) {
            for (std::size_t end = at + run; inside && at < end; ++at) {
                const auto x = at / static_cast<std::size_t>(height), y = at % static_cast<std::size_t>(height);
                mask.ids[y * static_cast<std::size_t>(width) + x] = static_cast<std::uint16_t>(shape.label + 1);
            }
            if (!inside) at += run;
            inside = !inside;
        }
    }
    return mask;
}

std::string color_text(std::uint32_t rgb) { return fmt::format("#{:06x}", rgb & 0xffffff); }

std::vector<std::string> class_colors(std::size_t count) {
    std::vector<std::string> colors;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t rgb = 0;
        auto bits = static_cast<std::uint32_t>(i);
        for (int shift = 7; bits != 0; --shift, bits >>= 3)
            for (int c = 0; c < 3; ++c)
                if (shift >= 0) rgb |= ((bits >> c) & 1u) << (shift + 8 * (2 - c));
        colors.push_back(color_text(rgb));
    }
    return colors;
}

Result<Image> pad_with_black(Image image, int width, int height) {
    if (image.width > width)
        return fail(ErrorCode::kInvalidArgument, "the image is {} pixels wide, more than the padding width of {}",
                    image.width, width);
    if (image.height > height)
        return fail(ErrorCode::kInvalidArgument, "the image is {} pixels high, more than the padding height of {}",
                    image.height, height);
    if (image.width == width && image.height == height) return image;
    Image padded;
    if (image.is_deep()) {
        padded.reset_deep(width, height, image.channels);
        std::ranges::fill(padded.values, 0.0f);
        for (int y = 0; y < image.height; ++y) std::copy_n(image.deep_row(y), image.row_bytes(), padded.deep_row(y));
        return padded;
    }
    padded.reset(width, height, image.channels);
    std::ranges::fill(padded.pixels, std::uint8_t{0});
    for (int y = 0; y < image.height; ++y) std::copy_n(image.row(y), image.row_bytes(), padded.row(y));
    return padded;
}

}  // namespace digits
