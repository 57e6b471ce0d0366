#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/gemm/tile_gemm.hpp"

namespace digits {

constexpr std::int64_t ceil_to(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Positions laid out as lines of `line` in items of `lines`; each item's window of height x width pixels, `top` and
/// `left` from its corner, is there.
struct PixelGrid {
    std::int64_t items = 0, lines = 0, line = 0;
    std::int64_t top = 0, left = 0, height = 0, width = 0;

    std::int64_t positions() const { return items * lines * line; }

    /// use(i, pixel) for `count` positions from `first` on, any number; pixel is -1 where there is none.
    template <class Use>
    void walk(std::int64_t first, std::int64_t count, const Use& use) const {
        std::int64_t i = 0;
        for (; i < count && first + i < 0; ++i) use(i, -1);
        if (i == count) return;
        const std::int64_t position = first + i;
        std::int64_t column = position % line, row = position / line % lines, item = position / line / lines;
        while (i < count) {
            const bool has_row = item < items && row >= top && row < top + height;
            const std::int64_t pixels = ((item * height) + row - top) * width - left;
            for (; column < line && i < count; ++column, ++i)
                use(i, has_row && column >= left && column < left + width ? pixels + column : -1);
            column = 0;
            if (++row == lines) row = 0, ++item;
        }
    }
};

/// How a convolution by tiles goes through x and y, of one group of channels (tile_convolution.hpp).
struct TileWalk {
    PixelGrid in, out;
    std::int64_t pixel_in = 0, pixel_out = 0;  // values from a pixel to the next
    std::int64_t channels = 0, outputs = 0;
    std::int64_t taps = 1, depth = 0;  // depth: values of a row that a tap takes
    std::array<std::int64_t, 2> kernel{}, stride{}, pad{};
    bool patches = false;

    std::int64_t positions() const { return out.positions(); }
    /// Positions behind a row that its taps reach.
    std::int64_t halo() const { return patches ? 0 : (kernel[0] - 1) * in.line + kernel[1] - 1; }
    std::int64_t offset(std::int64_t tap) const { return patches ? 0 : tap / kernel[1] * in.line + tap % kernel[1]; }
    /// Values of a gathered row: whole steps.
    std::int64_t row() const { return ceil_to(depth, kTileDepth); }
    std::int64_t steps() const { return row() / kTileDepth; }

    /// The rows of `count` positions from `first` on, x being where the group's channels begin; zeros where none are.
    void gather(const Bf16* x, std::int64_t first, std::int64_t count, Bf16* to) const;
};

}  // namespace digits
