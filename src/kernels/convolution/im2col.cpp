#include "kernels/convolution/im2col.hpp"

#include <algorithm>

#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// Size of the im2col rows of a block: they stay in the second-level cache.
constexpr std::int64_t kBlockFloats = std::int64_t{1} << 15;
constexpr std::int64_t kLeastBlock = kRegisterRows, kLargestBlock = 8 * kRegisterRows;

std::int64_t rounded_up(std::int64_t count) { return (count + 7) / 8 * 8; }
/// Row stride of im2col rows, with padding that spreads them over the sets of the cache.
std::int64_t column_row(const Im2colShape& shape) { return rounded_up(shape.depth()) + 8; }
std::int64_t output_row(const Im2colShape& shape) { return panel_count(shape.outputs) * kPanelWidth; }

std::int64_t block_of_pixels(const Im2colShape& shape) {
    const std::int64_t most = std::clamp(kBlockFloats / column_row(shape), kLeastBlock, kLargestBlock);
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

/// The part of a row of the kernel that is inside the image: the columns [first, last) from input column `column` on.
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

/// One row of the kernel, of which only `span` is inside the image; `from` is the beginning of that part.
DIGITS_KERNEL_INLINE void copy_span(const Im2colShape& shape, const float* from, const Span& span, float* to) {
    const std::int64_t first = span.first * shape.channels, last = span.last * shape.channels;
    std::fill_n(to, first, 0.0F);
    std::copy_n(from, last - first, to + first);
    std::fill_n(to + last, shape.kernel_x * shape.channels - last, 0.0F);
}

/// im2col of `count` output pixels from `begin` on. Up to seven values after the last row are overwritten.
DIGITS_KERNEL_INLINE void im2col(const Im2colShape& shape, const float* x, std::int64_t begin, std::int64_t count,
                                 float* rows) {
    const std::int64_t row = column_row(shape), part = shape.kernel_x * shape.channels;
    const std::int64_t line = shape.width * shape.channels;
    const float* safe_end = x + shape.items * shape.height * line - 8;
    Pixel pixel = pixel_at(shape, begin);
    for (std::int64_t i = 0; i < count; ++i, advance(shape, pixel)) {
        const Span span = span_of(shape, pixel);
        const std::int64_t top = pixel.y * shape.stride_y - shape.pad_y;
        const float* from = x + (pixel.item * shape.height + top) * line + (span.column + span.first) * shape.channels;
        float* to = rows + i * row;
        const bool inside =
            span.last - span.first == shape.kernel_x && top >= 0 && top + shape.kernel_y <= shape.height;
        if (inside && from + (shape.kernel_y - 1) * line + part <= safe_end) {
            for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) copy_vectors(from + ky * line, part, to + ky * part);
            continue;
        }
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) {
            const bool line_inside = top + ky >= 0 && top + ky < shape.height;
            copy_span(shape, from + ky * line, line_inside ? span : Span{0, 0, 0}, to + ky * part);
        }
    }
}

/// col2im: adds the gradients of im2col rows of `count` output pixels to those of the inputs.
DIGITS_KERNEL_INLINE void col2im(const Im2colShape& shape, const float* rows, std::int64_t begin, std::int64_t count,
                                 float* dx) {
    const std::int64_t row = column_row(shape), part = shape.kernel_x * shape.channels;
    Pixel pixel = pixel_at(shape, begin);
    for (std::int64_t i = 0; i < count; ++i, advance(shape, pixel)) {
        const Span span = span_of(shape, pixel);
        const std::int64_t values = (span.last - span.first) * shape.channels;
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky) {
            const std::int64_t y = pixel.y * shape.stride_y - shape.pad_y + ky;
            if (y < 0 || y >= shape.height) continue;
            const float* from = rows + i * row + ky * part + span.first * shape.channels;
            float* to =
                dx + ((pixel.item * shape.height + y) * shape.width + span.column + span.first) * shape.channels;
            std::int64_t k = 0;
            for (; k + 8 <= values; k += 8) store8(to + k, load8(to + k) + load8(from + k));
            for (; k < values; ++k) to[k] += from[k];
        }
    }
}

/// Calls use(k, output, index) for each weight: k is its index in the inner dimension, `index` that in (outputs,
/// channels, kernel rows, kernel columns).
template <class Use>
DIGITS_KERNEL_INLINE void for_each_weight(const Im2colShape& shape, const Use& use) {
    const std::int64_t places = shape.kernel_y * shape.kernel_x;
    for (std::int64_t k = 0; k < shape.outputs; ++k)
        for (std::int64_t c = 0; c < shape.channels; ++c)
            for (std::int64_t place = 0; place < places; ++place)
                use(place * shape.channels + c, k, (k * shape.channels + c) * places + place);
}

/// The epilogue of one pixel. If another pixel follows, which is written later, the last vector may reach into it.
DIGITS_KERNEL_INLINE void epilogue(const float* sums, const float* bias, bool relu, std::int64_t outputs, bool has_next,
                                   float* to) {
    const auto finished = [&](std::int64_t k) { return apply_relu(load8(sums + k) + load8(bias + k), relu); };
    std::int64_t k = 0;
    for (; k + 8 <= outputs || (has_next && outputs >= 8 && k < outputs); k += 8) store8(to + k, finished(k));
    if (k >= outputs) return;
    alignas(32) float rest[8];
    store8(rest, finished(k));
    std::copy_n(rest, outputs - k, to + k);
}

/// Without padding, an im2col row consists of segments of the image, which the GEMM can read in place. That is faster
/// where the inner dimension is one block.
bool reads_in_place(const Im2colShape& shape) {
    return shape.pad_y == 0 && shape.pad_x == 0 && shape.depth() <= kDepthBlock;
}

/// At most `most` pixels from a pixel on: a part of one row, or whole rows.
struct PixelRows {
    std::int64_t count, length;
};

PixelRows rows_from(const Im2colShape& shape, const Pixel& pixel, std::int64_t most) {
    if (pixel.x > 0 || most < shape.out_width) return {1, std::min(most, shape.out_width - pixel.x)};
    return {std::min(most / shape.out_width, shape.out_height - pixel.y), shape.out_width};
}

/// The first value under the kernel at an output pixel.
const float* first_value(const Im2colShape& shape, const float* x, const Pixel& pixel) {
    return x + ((pixel.item * shape.height + pixel.y * shape.stride_y) * shape.width + pixel.x * shape.stride_x) *
                   shape.channels;
}

std::int64_t packed_index(std::int64_t row, std::int64_t column, std::int64_t rows) {
    return (column / kPanelWidth * rows + row) * kPanelWidth + column % kPanelWidth;
}

/// Floats of one thread: the im2col rows of a block, and its outputs or their gradients, packed.
std::int64_t rows_size(const Im2colShape& shape) {
    return workspace_part((block_of_pixels(shape) + 1) * (column_row(shape) + kPanelWidth));
}
std::int64_t thread_size(const Im2colShape& shape) {
    return rows_size(shape) + workspace_part((block_of_pixels(shape) + 1) * output_row(shape));
}

/// Weights as a packed factor (depth x outputs), and its transpose.
std::int64_t weight_size(const Im2colShape& shape) { return packed_size(shape.outputs, shape.depth()); }
std::int64_t transposed_weight_size(const Im2colShape& shape) { return packed_size(shape.depth(), shape.outputs); }

void pack_weights(const Im2colShape& shape, const float* weight, float* packed) {
    std::fill_n(packed, weight_size(shape), 0.0F);
    for_each_weight(shape, [&](std::int64_t k, std::int64_t output, std::int64_t index) {
        packed[packed_index(k, output, shape.depth())] = weight[index];
    });
}

void pack_transposed_weights(const Im2colShape& shape, const float* weight, float* packed) {
    std::fill_n(packed, transposed_weight_size(shape), 0.0F);
    for_each_weight(shape, [&](std::int64_t k, std::int64_t output, std::int64_t index) {
        packed[packed_index(output, k, shape.outputs)] = weight[index];
    });
}

/// The outputs of the pixels [begin, end).
DIGITS_AVX2_KERNEL
void forward_avx2(const Im2colShape& shape, const float* x, const float* packed, const float* bias, bool relu, float* y,
                  std::int64_t begin, std::int64_t end, float* workspace) {
    const std::int64_t block = block_of_pixels(shape), row = column_row(shape), out_row = output_row(shape);
    float* sums = workspace + rows_size(shape);
    float* padded_bias = sums + block * out_row;
    std::fill_n(padded_bias, out_row, 0.0F);
    if (bias) std::copy_n(bias, shape.outputs, padded_bias);
    const bool in_place = reads_in_place(shape);
    for (std::int64_t first = begin, count = 0; first < end; first += count) {
        count = std::min(block, end - first);
        if (in_place) {
            const Pixel pixel = pixel_at(shape, first);
            count = std::min(count, shape.out_width - pixel.x);
            packed_gemm_nn_segments({first_value(shape, x, pixel), shape.stride_x * shape.channels,
                                     shape.width * shape.channels, shape.kernel_y, shape.kernel_x * shape.channels},
                                    packed, sums, out_row, count, shape.outputs, false);
        } else {
            im2col(shape, x, first, count, workspace);
            packed_gemm_nn(workspace, row, packed, sums, out_row, count, shape.depth(), shape.outputs, false);
        }
        for (std::int64_t i = 0; i < count; ++i)
            epilogue(sums + i * out_row, padded_bias, relu, shape.outputs, first + i + 1 < end,
                     y + (first + i) * shape.outputs);
    }
}

/// The gradients of the inputs of the items [begin, end).
DIGITS_AVX2_KERNEL
void input_gradient_avx2(const Im2colShape& shape, const float* dy, const float* packed, float* dx, std::int64_t begin,
                         std::int64_t end, float* workspace) {
    const std::int64_t item = shape.height * shape.width * shape.channels;
    const std::int64_t block = block_of_pixels(shape), last = end * shape.item_pixels();
    std::fill_n(dx + begin * item, (end - begin) * item, 0.0F);
    for (std::int64_t first = begin * shape.item_pixels(); first < last; first += block) {
        const std::int64_t count = std::min(block, last - first);
        packed_gemm_nn(dy + first * shape.outputs, shape.outputs, packed, workspace, column_row(shape), count,
                       shape.outputs, shape.depth(), false);
        col2im(shape, workspace, first, count, dx);
    }
}

/// sums (as packed weights) += over the output pixels [begin, end).
DIGITS_AVX2_KERNEL
void accumulate_weight_gradient_avx2(const Im2colShape& shape, const float* x, const float* dy, float* sums,
                                     std::int64_t begin, std::int64_t end, float* workspace) {
    const std::int64_t block = block_of_pixels(shape), row = column_row(shape), panels = panel_count(shape.outputs);
    float* gradients = workspace + rows_size(shape);
    const bool in_place = reads_in_place(shape);
    for (std::int64_t first = begin, count = 0; first < end; first += count) {
        const Pixel pixel = pixel_at(shape, first);
        count = std::min(block, end - first);
        const PixelRows rows = rows_from(shape, pixel, count);
        if (in_place) count = rows.count * rows.length;
        for (std::int64_t p = 0; p < panels; ++p) {
            const std::int64_t columns = shape.outputs - p * kPanelWidth;
            for (std::int64_t i = 0; i < count; ++i) {
                const float* from = dy + (first + i) * shape.outputs + p * kPanelWidth;
                float* to = gradients + (p * block + i) * kPanelWidth;
                store8(to, Lanes<8>::read_some(from, columns));
                store8(to + 8, Lanes<8>::read_some(from + 8, columns - 8));
            }
        }
        if (!in_place) {
            im2col(shape, x, first, count, workspace);
            packed_gemm_tn(workspace, row, gradients, block * kPanelWidth, sums, shape.depth(), count, shape.outputs,
                           true);
            continue;
        }
        const std::int64_t line = shape.width * shape.channels, values = shape.kernel_x * shape.channels;
        for (std::int64_t ky = 0; ky < shape.kernel_y; ++ky)
            packed_gemm_tn_segments({first_value(shape, x, pixel) + ky * line, shape.stride_x * shape.channels,
                                     shape.stride_y * line, rows.count, rows.length},
                                    gradients, block * kPanelWidth, sums + ky * values * kPanelWidth,
                                    shape.depth() * kPanelWidth, values, shape.outputs, true);
    }
}

}  // namespace

std::int64_t im2col_workspace(const Im2colShape& shape, Pass pass, std::int64_t threads) {
    switch (pass) {
        case Pass::kForward: return weight_size(shape) + threads * thread_size(shape);
        case Pass::kInputGradient: return transposed_weight_size(shape) + threads * thread_size(shape);
        case Pass::kWeightGradient: return threads * (weight_size(shape) + thread_size(shape));
    }
    return 0;
}

void im2col_forward(const Im2colShape& shape, const float* x, const float* weight, const float* bias, bool relu,
                    float* y, float* workspace, const Threads& threads) {
    float* packed = workspace;
    float* own = packed + weight_size(shape);
    pack_weights(shape, weight, packed);
    parallel_parts(threads, shape.pixels(), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        forward_avx2(shape, x, packed, bias, relu, y, begin, end, own + part * thread_size(shape));
    });
}

void im2col_input_gradient(const Im2colShape& shape, const float* dy, const float* weight, float* dx, float* workspace,
                           const Threads& threads) {
    float* packed = workspace;
    float* own = packed + transposed_weight_size(shape);
    pack_transposed_weights(shape, weight, packed);
    parallel_parts(threads, shape.items, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        input_gradient_avx2(shape, dy, packed, dx, begin, end, own + part * thread_size(shape));
    });
}

void im2col_weight_gradient(const Im2colShape& shape, const float* x, const float* dy, float* dw, float* workspace,
                            const Threads& threads) {
    const std::int64_t size = weight_size(shape);
    float* sums = workspace;
    float* own = sums + threads.count() * size;
    parallel_parts(threads, shape.pixels(), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        std::fill_n(sums + part * size, size, 0.0F);
        accumulate_weight_gradient_avx2(shape, x, dy, sums + part * size, begin, end, own + part * thread_size(shape));
    });
    reduce_parts(threads, sums, size, threads.count(), size);
    for_each_weight(shape, [&](std::int64_t k, std::int64_t output, std::int64_t index) {
        dw[index] = sums[packed_index(k, output, shape.depth())];
    });
}

}  // namespace digits
