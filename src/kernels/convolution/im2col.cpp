#include "kernels/convolution/im2col.hpp"

#include <algorithm>

#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// The patches of a block stay in the second-level cache.
constexpr std::int64_t kBlockFloats = std::int64_t{1} << 15;
constexpr std::int64_t kLeastBlock = kPanelRows, kLargestBlock = 8 * kPanelRows;

std::int64_t rounded_up(std::int64_t count) { return (count + 7) / 8 * 8; }
/// Rows end a little further on than needed, so that their beginnings spread over the cache's sets.
std::int64_t patch_row(const Im2colShape& shape) { return rounded_up(shape.depth()) + 8; }
std::int64_t output_row(const Im2colShape& shape) { return panel_count(shape.outputs) * kPanel; }

std::int64_t block_of_pixels(const Im2colShape& shape) {
    const std::int64_t most = std::clamp(kBlockFloats / patch_row(shape), kLeastBlock, kLargestBlock);
    return most / kLeastBlock * kLeastBlock;
}

struct Pixel {
    std::int64_t item, y, x;
};

Pixel pixel_at(const Im2colShape& shape, std::int64_t index) {
    return {index / shape.item_pixels(), index / shape.out_width % shape.out_height, index % shape.out_width};
}

void advance(const Im2colShape& shape, Pixel& pixel) {
    if (++pixel.x < shape.out_width) return;
    pixel.x = 0;
    if (++pixel.y < shape.out_height) return;
    pixel.y = 0;
    ++pixel.item;
}

/// The part of a kernel's row that lies inside the picture: the columns [first, last) from input column `column` on.
struct Span {
    std::int64_t column, first, last;
};

DIGITS_KERNEL_INLINE Span span_of(const Im2colShape& shape, const Pixel& pixel) {
    const std::int64_t column = pixel.x * shape.stride_x - shape.pad_x;
    const std::int64_t first = std::clamp<std::int64_t>(-column, 0, shape.kernel_x);
    return {column, first, std::clamp<std::int64_t>(shape.width - column, first, shape.kernel_x)};
}

/// Copies `count` values in whole vectors: up to seven more are read and written.
DIGITS_KERNEL_INLINE void copy_vectors(const float* from, std::int64_t count, float* to) {
    for (std::int64_t i = 0; i < count; i += 8) store8(to + i, load8(from + i));
}

/// One row of a kernel, of which only the part in `span` lies inside the picture; `from` is where that part begins.
DIGITS_KERNEL_INLINE void gather_part(const Im2colShape& shape, const float* from, const Span& span, float* to) {
    const std::int64_t first = span.first * shape.channels, last = span.last * shape.channels;
    std::fill_n(to, first, 0.0F);
    std::copy_n(from, last - first, to + first);
    std::fill_n(to + last, shape.kernel_x * shape.channels - last, 0.0F);
}

/// The patches of `count` pixels from `begin` on; the row behind the last one may be written into.
DIGITS_KERNEL_INLINE void gather(const Im2colShape& shape, const float* x, std::int64_t begin, std::int64_t count,
                                 float* patches) {
    const std::int64_t row = patch_row(shape), part = shape.kernel_x * shape.channels;
    const std::int64_t line = shape.width * shape.channels;
    const float* safe_end = x + shape.items * shape.height * line - 8;
    Pixel pixel = pixel_at(shape, begin);
    for (std::int64_t i = 0; i < count; ++i, advance(shape, pixel)) {
        const Span span = span_of(shape, pixel);
        const std::int64_t top = pixel.y * shape.stride_y - shape.pad_y;
        const float* from = x + (pixel.item * shape.height + top) * line + (span.column + span.first) * shape.channels;
        float* to = patches + i * row;
        const bool inside =
            span.last - span.first == shape.kernel_x && top >= 0 && top + shape.kernel_y <= shape.height;
        if (inside && from + (shape.kernel_y - 1) * line + part <= safe_end) {
            for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) copy_vectors(from + ky * line, part, to + ky * part);
            continue;
        }
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) {
            const bool line_inside = top + ky >= 0 && top + ky < shape.height;
            gather_part(shape, from + ky * line, line_inside ? span : Span{0, 0, 0}, to + ky * part);
        }
    }
}

/// Adds the gradients of the patches of `count` pixels to those of the inputs.
DIGITS_KERNEL_INLINE void scatter(const Im2colShape& shape, const float* patches, std::int64_t begin,
                                  std::int64_t count, float* dx) {
    const std::int64_t row = patch_row(shape), part = shape.kernel_x * shape.channels;
    Pixel pixel = pixel_at(shape, begin);
    for (std::int64_t i = 0; i < count; ++i, advance(shape, pixel)) {
        const Span span = span_of(shape, pixel);
        const std::int64_t values = (span.last - span.first) * shape.channels;
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) {
            const std::int64_t y = pixel.y * shape.stride_y - shape.pad_y + ky;
            if (y < 0 || y >= shape.height) continue;
            const float* from = patches + i * row + ky * part + span.first * shape.channels;
            float* to =
                dx + ((pixel.item * shape.height + y) * shape.width + span.column + span.first) * shape.channels;
            std::int64_t k = 0;
            for (; k + 8 <= values; k += 8) store8(to + k, load8(to + k) + load8(from + k));
            for (; k < values; ++k) to[k] += from[k];
        }
    }
}

/// Calls `use(row, output, weight)` with each weight's place in a patch, and where it lies in (outputs, channels, …).
template <class Use>
DIGITS_KERNEL_INLINE void for_each_weight(const Im2colShape& shape, const Use& use) {
    const std::int64_t places = shape.kernel_y * shape.kernel_x;
    for (std::int64_t k = 0; k < shape.outputs; ++k)
        for (std::int64_t c = 0; c < shape.channels; ++c)
            for (std::int64_t place = 0; place < places; ++place)
                use(place * shape.channels + c, k, (k * shape.channels + c) * places + place);
}

/// Adds the bias. What lies behind a pixel is written, too, if another one follows, which is written later.
DIGITS_KERNEL_INLINE void finish_pixel(const float* sums, const float* bias, bool rectify, std::int64_t outputs,
                                       bool is_followed, float* to) {
    const auto finished = [&](std::int64_t k) { return rectified(load8(sums + k) + load8(bias + k), rectify); };
    std::int64_t k = 0;
    for (; k + 8 <= outputs || (is_followed && k < outputs); k += 8) store8(to + k, finished(k));
    if (k >= outputs) return;
    alignas(32) float rest[8];
    store8(rest, finished(k));
    std::copy_n(rest, outputs - k, to + k);
}

/// Without padding a patch is lines of the picture, which a product with few outputs had better read where they lie.
bool lie_in_lines(const Im2colShape& shape) {
    return shape.pad_y == 0 && shape.pad_x == 0 && shape.depth() <= kPanelDepth;
}

/// At most `most` pixels from one on: a part of a row, or whole rows.
struct PixelRows {
    std::int64_t count, length;
};

PixelRows rows_from(const Im2colShape& shape, const Pixel& pixel, std::int64_t most) {
    if (pixel.x > 0 || most < shape.out_width) return {1, std::min(most, shape.out_width - pixel.x)};
    return {std::min(most / shape.out_width, shape.out_height - pixel.y), shape.out_width};
}

/// Where a pixel's patch begins.
const float* corner(const Im2colShape& shape, const float* x, const Pixel& pixel) {
    return x + ((pixel.item * shape.height + pixel.y * shape.stride_y) * shape.width + pixel.x * shape.stride_x) *
                   shape.channels;
}

std::int64_t place_in_panels(std::int64_t row, std::int64_t column, std::int64_t rows) {
    return (column / kPanel * rows + row) * kPanel + column % kPanel;
}

}  // namespace

std::int64_t im2col_workspace(const Im2colShape& shape) {
    return (block_of_pixels(shape) + 1) * (patch_row(shape) + kPanel) +
           (block_of_pixels(shape) + 1) * output_row(shape);
}

std::int64_t im2col_packed_weight_size(const Im2colShape& shape) { return output_row(shape) * shape.depth(); }

void im2col_pack_weights(const Im2colShape& shape, const float* weight, float* panels) {
    std::fill_n(panels, im2col_packed_weight_size(shape), 0.0F);
    for_each_weight(shape, [&](std::int64_t row, std::int64_t output, std::int64_t at) {
        panels[place_in_panels(row, output, shape.depth())] = weight[at];
    });
}

DIGITS_VECTOR_KERNEL
void im2col_convolve(const Im2colShape& shape, const float* x, const float* panels, const float* bias, bool rectify,
                     float* y, std::int64_t begin, std::int64_t end, float* scratch) {
    const std::int64_t block = block_of_pixels(shape), row = patch_row(shape), out_row = output_row(shape);
    float* sums = scratch + (block + 1) * (row + kPanel);
    float* shift = sums + block * out_row;
    std::fill_n(shift, out_row, 0.0F);
    if (bias) std::copy_n(bias, shape.outputs, shift);
    const bool in_lines = lie_in_lines(shape);
    for (std::int64_t first = begin, count = 0; first < end; first += count) {
        count = std::min(block, end - first);
        if (in_lines) {
            const Pixel pixel = pixel_at(shape, first);
            count = std::min(count, shape.out_width - pixel.x);
            multiply_lines_by_panels({corner(shape, x, pixel), shape.stride_x * shape.channels,
                                      shape.width * shape.channels, shape.kernel_y, shape.kernel_x * shape.channels},
                                     panels, sums, out_row, count, shape.outputs, false);
        } else {
            gather(shape, x, first, count, scratch);
            multiply_by_panels(scratch, row, panels, sums, out_row, count, shape.depth(), shape.outputs, false);
        }
        for (std::int64_t i = 0; i < count; ++i)
            finish_pixel(sums + i * out_row, shift, rectify, shape.outputs, first + i + 1 < end,
                         y + (first + i) * shape.outputs);
    }
}

std::int64_t im2col_packed_transposed_weight_size(const Im2colShape& shape) {
    return panel_count(shape.depth()) * kPanel * shape.outputs;
}

void im2col_pack_transposed_weights(const Im2colShape& shape, const float* weight, float* panels) {
    std::fill_n(panels, im2col_packed_transposed_weight_size(shape), 0.0F);
    for_each_weight(shape, [&](std::int64_t row, std::int64_t output, std::int64_t at) {
        panels[place_in_panels(output, row, shape.outputs)] = weight[at];
    });
}

DIGITS_VECTOR_KERNEL
void im2col_input_gradient(const Im2colShape& shape, const float* dy, const float* panels, float* dx,
                           std::int64_t begin, std::int64_t end, float* scratch) {
    const std::int64_t item = shape.height * shape.width * shape.channels;
    const std::int64_t block = block_of_pixels(shape), last = end * shape.item_pixels();
    std::fill_n(dx + begin * item, (end - begin) * item, 0.0F);
    for (std::int64_t first = begin * shape.item_pixels(); first < last; first += block) {
        const std::int64_t count = std::min(block, last - first);
        multiply_by_panels(dy + first * shape.outputs, shape.outputs, panels, scratch, patch_row(shape), count,
                           shape.outputs, shape.depth(), false);
        scatter(shape, scratch, first, count, dx);
    }
}

DIGITS_VECTOR_KERNEL
void im2col_accumulate_weight_gradient(const Im2colShape& shape, const float* x, const float* dy, float* sums,
                                       std::int64_t begin, std::int64_t end, float* scratch) {
    const std::int64_t block = block_of_pixels(shape), row = patch_row(shape), panels = panel_count(shape.outputs);
    float* gradients = scratch + (block + 1) * (row + kPanel);
    const bool in_lines = lie_in_lines(shape);
    for (std::int64_t first = begin, count = 0; first < end; first += count) {
        const Pixel pixel = pixel_at(shape, first);
        count = std::min(block, end - first);
        const PixelRows rows = rows_from(shape, pixel, count);
        if (in_lines) count = rows.count * rows.length;
        for (std::int64_t p = 0; p < panels; ++p) {
            const std::int64_t columns = shape.outputs - p * kPanel;
            for (std::int64_t i = 0; i < count; ++i) {
                const float* from = dy + (first + i) * shape.outputs + p * kPanel;
                float* to = gradients + (p * block + i) * kPanel;
                store8(to, Lanes<8>::read_some(from, columns));
                store8(to + 8, Lanes<8>::read_some(from + 8, columns - 8));
            }
        }
        if (!in_lines) {
            gather(shape, x, first, count, scratch);
            multiply_transposed_by_panels(scratch, row, gradients, block * kPanel, sums, shape.depth(), count,
                                          shape.outputs, true);
            continue;
        }
        const std::int64_t line = shape.width * shape.channels, values = shape.kernel_x * shape.channels;
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky)
            multiply_transposed_lines_by_panels({corner(shape, x, pixel) + ky * line, shape.stride_x * shape.channels,
                                                 shape.stride_y * line, rows.count, rows.length},
                                                gradients, block * kPanel, sums + ky * values * kPanel,
                                                shape.depth() * kPanel, values, shape.outputs, true);
    }
}

void im2col_unpack_weight_gradient(const Im2colShape& shape, const float* sums, float* dw) {
    for_each_weight(shape, [&](std::int64_t row, std::int64_t output, std::int64_t at) {
        dw[at] = sums[place_in_panels(row, output, shape.depth())];
    });
}

}  // namespace digits
