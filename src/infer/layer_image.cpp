#include "infer/layer_image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace digits {
namespace {

constexpr std::int64_t kMostPixels = 1200;
constexpr int kLeastPixels = 100;

/// Red, green and blue at nine places between the least and the greatest value.
constexpr std::array<std::array<float, 9>, 3> kJet{
    {{0, 0, 0, 0, .5F, 1, 1, 1, .5F}, {0, 0, .5F, 1, 1, 1, .5F, 0, 0}, {.5F, 1, 1, 1, .5F, 0, 0, 0, 0}}};

/// The layout of a layer's numbers: `count` tiles of `height` × `width`.
struct Tiles {
    std::int64_t count = 1, height = 1, width = 1;
    bool is_colour = false;
    std::int64_t tile_step = 1;   ///< from a tile to the next
    std::int64_t plane_step = 0;  ///< from blue to green to red
    std::int64_t row_step = 1;    ///< from a row to the next

    std::int64_t place(std::int64_t tile, std::int64_t y, std::int64_t x, int plane) const {
        return tile * tile_step + y * row_step + x + plane * plane_step;
    }
};

Tiles lay_out(const std::vector<std::int64_t>& shape) {
    Tiles tiles;
    std::int64_t total = 1;
    for (const auto size : shape) total *= size;
    const auto axes = shape.size();
    if (axes < 3) {
        tiles.count = total;
        return tiles;
    }
    tiles.height = shape[axes - 2];
    tiles.width = shape[axes - 1];
    tiles.row_step = tiles.width;
    const auto plane = tiles.height * tiles.width;
    tiles.tile_step = plane;
    tiles.count = plane > 0 ? total / plane : 0;
    if (axes == 3 && shape[0] == 3) {
        tiles.is_colour = true;
        tiles.count = 1;
        tiles.plane_step = plane;
    } else if (axes == 4 && shape[0] == 3) {
        tiles.is_colour = true;
        tiles.count = shape[1];
        tiles.plane_step = plane * shape[1];
    } else if (axes == 4 && shape[1] == 3) {
        tiles.is_colour = true;
        tiles.count = shape[0];
        tiles.plane_step = plane;
        tiles.tile_step = 3 * plane;
    }
    return tiles;
}

/// 0 … 255 to the colour of heat, by straight lines between the nine places.
std::uint8_t heat(float value, const std::array<float, 9>& map) {
    const float at = std::clamp(value * 8 / 255.0F, 0.0F, 8.0F);
    const auto low = std::min(static_cast<std::size_t>(at), std::size_t{7});
    const double share = static_cast<double>(at) - static_cast<double>(low);
    const double from = map[low] * 255.0, to = map[low + 1] * 255.0;
    return static_cast<std::uint8_t>(std::clamp(from + (to - from) * share, 0.0, 255.0));
}

Image enlarged(const Image& image) {
    const int least = std::min(image.width, image.height);
    if (least >= kLeastPixels || least == 0) return image;
    const double ratio = static_cast<double>(kLeastPixels) / least;
    Image large;
    large.reset(static_cast<int>(image.width * ratio), static_cast<int>(image.height * ratio), 3);
    for (int y = 0; y < large.height; ++y) {
        const auto* from = image.row(std::min(static_cast<int>(y / ratio), image.height - 1));
        auto* to = large.row(y);
        for (int x = 0; x < large.width; ++x)
            std::copy_n(from + 3 * std::min(static_cast<int>(x / ratio), image.width - 1), 3, to + 3 * x);
    }
    return large;
}

}  // namespace

LayerStatistics layer_statistics(const float* values, std::size_t count) {
    LayerStatistics found;
    float low = std::numeric_limits<float>::infinity(), high = -low;
    double sum = 0;
    std::uint64_t finite = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!std::isfinite(values[i])) continue;
        ++finite;
        sum += values[i];
        low = std::min(low, values[i]);
        high = std::max(high, values[i]);
    }
    if (finite == 0) return found;
    found.mean = sum / static_cast<double>(finite);
    if (low == high) {
        low -= 0.5F;
        high += 0.5F;
    }
    found.low = low;
    found.high = high;
    std::array<float, LayerStatistics::kBins + 1> edges{};
    const double step = (found.high - found.low) / LayerStatistics::kBins;
    for (std::size_t i = 0; i < edges.size(); ++i)
        edges[i] = static_cast<float>(found.low + step * static_cast<double>(i));
    edges.back() = high;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!std::isfinite(values[i])) continue;
        const double off = values[i] - found.mean;
        squares += off * off;
        auto bin = std::min(static_cast<std::size_t>((values[i] - found.low) / step), LayerStatistics::kBins - 1);
        if (bin > 0 && values[i] < edges[bin])
            --bin;
        else if (bin + 1 < LayerStatistics::kBins && values[i] >= edges[bin + 1])
            ++bin;
        ++found.histogram[bin];
    }
    found.deviation = std::sqrt(squares / static_cast<double>(finite));
    return found;
}

Image layer_image(const float* values, const std::vector<std::int64_t>& shape, const LayerImageOptions& options) {
    auto tiles = lay_out(shape);
    int gap = 0;
    if (tiles.width > kMostPixels) {
        tiles.count = std::min<std::int64_t>(tiles.count, 1);
        tiles.width = kMostPixels;
    } else {
        gap = tiles.width > 1 ? 1 : 0;
        const auto a_row = std::max<std::int64_t>(kMostPixels / (tiles.width + gap), 1);
        tiles.count = std::min(tiles.count, a_row * a_row);
    }
    tiles.height = std::min(tiles.height, kMostPixels);
    if (tiles.count == 0 || tiles.height == 0) return {};

    const int planes = tiles.is_colour ? 3 : 1;
    const auto each = [&](auto&& use) {
        for (std::int64_t tile = 0; tile < tiles.count; ++tile)
            for (int plane = 0; plane < planes; ++plane)
                for (std::int64_t y = 0; y < tiles.height; ++y)
                    for (std::int64_t x = 0; x < tiles.width; ++x) {
                        const float value = values[tiles.place(tile, y, x, plane)];
                        use(tile, plane, y, x, std::isfinite(value) ? value : 0.0F);
                    }
    };
    float low = std::numeric_limits<float>::infinity(), high = -low;
    each([&](auto, auto, auto, auto, float value) {
        low = std::min(low, value);
        high = std::max(high, value);
    });
    const float span = high - low;
    const auto scaled = [&](float value) {
        if (!options.normalize) return value * 255;
        return span > 0 ? (value - low) / span * 255 : value - low;
    };

    const auto side = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(tiles.count))));
    const auto columns = side * (side - 1) >= tiles.count ? side - 1 : side;
    Image image;
    image.reset(static_cast<int>(columns * (tiles.width + gap)), static_cast<int>(side * (tiles.height + gap)), 3);
    std::ranges::fill(image.pixels, std::uint8_t{255});
    each([&](std::int64_t tile, int plane, std::int64_t y, std::int64_t x, float value) {
        const auto row = tile / columns * (tiles.height + gap) + y, column = tile % columns * (tiles.width + gap) + x;
        auto* pixel = image.row(static_cast<int>(row)) + 3 * column;
        const float level = scaled(value);
        const auto grey = static_cast<std::uint8_t>(std::clamp(level, 0.0F, 255.0F));
        if (tiles.is_colour) {
            pixel[2 - plane] = grey;
        } else {
            for (std::size_t c = 0; c < 3; ++c) pixel[c] = options.heat ? heat(level, kJet[c]) : grey;
        }
    });
    return enlarged(image);
}

}  // namespace digits
