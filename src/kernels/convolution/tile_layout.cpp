#include "kernels/convolution/tile_layout.hpp"

#include <algorithm>

namespace digits {
namespace {

/// A grid of `in` pixels for a convolution with these paddings, and its result's.
TileLayout make_layout(const TileConvolutionShape& shape, std::int64_t items_height, std::int64_t items_width,
                       std::int64_t out_height, std::int64_t out_width, std::int64_t pad_y, std::int64_t pad_x) {
    TileLayout layout;
    layout.kernel_y = shape.kernel_y;
    layout.kernel_x = shape.kernel_x;
    layout.pad_y = pad_y;
    layout.pad_x = pad_x;
    layout.taps = shape.kernel_y * shape.kernel_x;
    const std::int64_t lines = items_height + pad_y, line = items_width + pad_x;
    layout.in = {shape.items, lines, line, pad_y, pad_x, items_height, items_width};
    layout.out = {shape.items, lines, line, 0, 0, out_height, out_width};
    return layout;
}

void gather_im2col(const TileLayout& layout, const Bf16* x, std::int64_t first, std::int64_t count, Bf16* to) {
    const PixelGrid &in = layout.in, &out = layout.out;
    const std::int64_t channels = layout.channels, kernel_y = layout.kernel_y, kernel_x = layout.kernel_x;
    const std::int64_t size = layout.row(), area = out.height * out.width, pixel_in = layout.pixel_in;
    std::int64_t item = first / area, oy = first % area / out.width, ox = first % out.width - 1;
    for (std::int64_t i = 0; i < count; ++i, to += size) {
        if (++ox == out.width) {
            ox = 0;
            if (++oy == out.height) oy = 0, ++item;
        }
        if (item >= out.items) {
            std::fill_n(to, size, Bf16{});
            continue;
        }
        const std::int64_t x0 = ox * layout.stride_x - layout.pad_x;
        const std::int64_t begin = std::clamp<std::int64_t>(-x0, 0, kernel_x);
        const std::int64_t end = std::clamp<std::int64_t>(in.width - x0, begin, kernel_x);
        const std::int64_t y0 = oy * layout.stride_y - layout.pad_y, run = kernel_x * channels,
                           line = in.width * pixel_in;
        const Bf16* corner = x + item * in.height * line + y0 * line + x0 * pixel_in;
        Bf16* at = to;
        if (pixel_in == channels && end - begin == kernel_x && y0 >= 0 && y0 + kernel_y <= in.height) {
            copy_lines(corner, line, kernel_y, run, at);
            std::fill_n(at + kernel_y * run, size - layout.depth, Bf16{});
            continue;
        }
        for (std::int64_t ky = 0; ky < kernel_y; ++ky, at += run, corner += line) {
            if (y0 + ky < 0 || y0 + ky >= in.height) {
                std::fill_n(at, run, Bf16{});
                continue;
            }
            std::fill_n(at, begin * channels, Bf16{});
            for (std::int64_t kx = begin; kx < end; ++kx)
                std::copy_n(corner + kx * pixel_in, channels, at + kx * channels);
            std::fill_n(at + end * channels, (kernel_x - end) * channels, Bf16{});
        }
        std::fill_n(at, size - layout.depth, Bf16{});
    }
}

}  // namespace

void TileLayout::gather(const Bf16* x, std::int64_t first, std::int64_t count, Bf16* rows) const {
    if (im2col) return gather_im2col(*this, x, first, count, rows);
    const std::int64_t size = row();
    in.for_pixels(first, count, [&](std::int64_t i, std::int64_t pixel) {
        Bf16* to = rows + i * size;
        if (pixel < 0) {
            std::fill_n(to, size, Bf16{});
            return;
        }
        std::copy_n(x + pixel * pixel_in, depth, to);
        std::fill_n(to + depth, size - depth, Bf16{});
    });
}

TileLayout direct_layout(const TileConvolutionShape& shape) {
    TileLayout layout =
        make_layout(shape, shape.height, shape.width, shape.out_height(), shape.out_width(), shape.pad_y, shape.pad_x);
    layout.channels = layout.depth = shape.channels;
    layout.outputs = shape.outputs;
    layout.pixel_in = shape.groups * shape.channels;
    layout.pixel_out = shape.groups * shape.outputs;
    return layout;
}

TileLayout input_gradient_layout(const TileConvolutionShape& shape) {
    TileLayout layout = make_layout(shape, shape.out_height(), shape.out_width(), shape.height, shape.width,
                                    shape.kernel_y - 1 - shape.pad_y, shape.kernel_x - 1 - shape.pad_x);
    layout.channels = layout.depth = shape.outputs;
    layout.outputs = shape.channels;
    layout.pixel_in = shape.groups * shape.outputs;
    layout.pixel_out = shape.groups * shape.channels;
    return layout;
}

TileLayout weight_gradient_layout(const TileConvolutionShape& shape) {
    TileLayout layout = direct_layout(shape);
    if (!shape.has_stride()) return layout;
    layout.im2col = true;
    layout.stride_y = shape.stride_y;
    layout.stride_x = shape.stride_x;
    layout.depth = layout.taps * shape.channels;
    layout.taps = 1;
    layout.out = {shape.items, shape.out_height(), shape.out_width(), 0, 0, shape.out_height(), shape.out_width()};
    return layout;
}

}  // namespace digits
