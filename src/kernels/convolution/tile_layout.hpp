#pragma once

#include <cstdint>

#include "kernels/convolution/tile_convolution.hpp"
#include "kernels/gemm/tile_gemm.hpp"

namespace digits {

/// A row of positions: items of `lines` lines of `line` positions. Each item has height x width pixels, `top` and
/// `left` from its corner; the other positions are padding.
struct PixelGrid {
    std::int64_t items = 0, lines = 0, line = 0;
    std::int64_t top = 0, left = 0, height = 0, width = 0;

    std::int64_t positions() const { return items * lines * line; }

    /// Calls use(i, pixel) for `count` positions from `first` on, which may be outside the grid; pixel is -1 where
    /// there is none.
    template <class Use>
    void for_pixels(std::int64_t first, std::int64_t count, const Use& use) const {
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

/// How a convolution by tiles reads and writes the pixels of one group of channels (tile_convolution.hpp).
struct TileLayout {
    PixelGrid in, out;
    std::int64_t pixel_in = 0, pixel_out = 0;  ///< values from one pixel to the next
    std::int64_t channels = 0, outputs = 0;
    std::int64_t taps = 1, depth = 0;  ///< depth: values of a row that each tap reads
    std::int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0;
    bool im2col = false;  ///< one tap, whose rows are (kernel row, kernel column, channel)

    std::int64_t positions() const { return out.positions(); }
    /// Positions after a row that its taps read.
    std::int64_t halo() const { return im2col ? 0 : (kernel_y - 1) * in.line + kernel_x - 1; }
    /// Positions from a row to the one that a tap reads.
    std::int64_t offset(std::int64_t tap) const { return im2col ? 0 : tap / kernel_x * in.line + tap % kernel_x; }
    /// Values of a gathered row: whole steps of tile_gemm().
    std::int64_t row() const { return ceil_to(depth, kTileDepth); }
    std::int64_t steps() const { return row() / kTileDepth; }

    /// Gathers the rows of `count` positions from `first` on; `x` is the group's first channel. Zeros at padding.
    void gather(const Bf16* x, std::int64_t first, std::int64_t count, Bf16* rows) const;
};

/// From x to y with stride 1, and from dy to dx.
TileLayout direct_layout(const TileConvolutionShape& shape);
TileLayout input_gradient_layout(const TileConvolutionShape& shape);
/// From x to y, by im2col where there is a stride.
TileLayout weight_gradient_layout(const TileConvolutionShape& shape);

}  // namespace digits
