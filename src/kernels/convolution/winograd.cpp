#include "kernels/convolution/winograd.hpp"

#include <algorithm>

#include "kernels/convolution/winograd_transforms.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// How many kernels are turned at a time.
constexpr std::int64_t kTogether = 16;

/// Transforms panels of kernels. `turn(column, row, count, values)` finds the values of `count` kernels from a row on
/// of a vector's columns from `column` on: (kernel, place, lane).
template <int kKernel, class Vector, class Turn>
DIGITS_KERNEL_INLINE void transform_kernels(float* transformed, std::int64_t columns, std::int64_t rows,
                                            std::int64_t begin, std::int64_t end, const Turn& turn) {
    constexpr auto kLanes = kLanesOf<Vector>;
    constexpr int kPlaces = kKernel * kKernel;
    const std::int64_t point_stride = point_size(rows, columns);
    alignas(Vector) float values[kTogether * kPlaces * kLanes];
    for (std::int64_t panel = begin; panel < end; ++panel)
        for (std::int64_t part = 0; part < kPanel; part += kLanes)
            for (std::int64_t first = 0; first < rows; first += kTogether) {
                const std::int64_t count = std::min(kTogether, rows - first);
                turn(panel * kPanel + part, first, count, values);
                for (std::int64_t row = 0; row < count; ++row) {
                    Vector g[kKernel][kKernel], v[6][6];
                    for (int i = 0; i < kKernel; ++i)
                        for (int j = 0; j < kKernel; ++j)
                            g[i][j] = load_vector<Vector>(values + (row * kPlaces + i * kKernel + j) * kLanes);
                    evaluate_tile<kKernel, true>(g, v);
                    float* to = transformed + (panel * rows + first + row) * kPanel + part;
                    for (int i = 0; i < 6; ++i)
                        for (int j = 0; j < 6; ++j) store_vector(to + (i * 6 + j) * point_stride, v[i][j]);
                }
            }
}

template <int kKernel, class Vector>
DIGITS_KERNEL_INLINE void weight_gradient(const float* sums, float* dw, std::int64_t channels, std::int64_t outputs,
                                          std::int64_t begin, std::int64_t end) {
    constexpr auto kLanes = kLanesOf<Vector>;
    constexpr int kPlaces = kKernel * kKernel;
    const std::int64_t point_stride = point_size(channels, outputs);
    alignas(Vector) float values[kTogether * kPlaces * kLanes];
    for (std::int64_t panel = begin; panel < end; ++panel)
        for (std::int64_t part = 0; part < kPanel; part += kLanes)
            for (std::int64_t first = 0; first < channels; first += kTogether) {
                const std::int64_t count = std::min(kTogether, channels - first);
                for (std::int64_t c = 0; c < count; ++c) {
                    const float* from = sums + (panel * channels + first + c) * kPanel + part;
                    Vector m[6][6], g[kKernel][kKernel];
                    for (int i = 0; i < 6; ++i)
                        for (int j = 0; j < 6; ++j) m[i][j] = load_vector<Vector>(from + (i * 6 + j) * point_stride);
                    interpolate_tile<kKernel, true>(m, g);
                    for (int i = 0; i < kKernel; ++i)
                        for (int j = 0; j < kKernel; ++j)
                            store_vector(values + (c * kPlaces + i * kKernel + j) * kLanes, g[i][j]);
                }
                const std::int64_t output = panel * kPanel + part;
                turn_values<Vector>(values, kLanes, count * kPlaces, std::min(kLanes, outputs - output),
                                    std::end(values), dw + (output * channels + first) * kPlaces, channels * kPlaces);
            }
}

/// Calls `work` for the size of the kernel, with the widest vectors: `work.operator()<kKernel, Vector>()`.
template <class Work>
void with_kernel(int kernel, const Work& work) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        if (kernel == 3) {
            work.template operator()<3, Vector>();
        } else {
            work.template operator()<5, Vector>();
        }
    });
}

}  // namespace

std::int64_t winograd_weight_size(std::int64_t channels, std::int64_t outputs) {
    return kWinogradPoints * point_size(channels, outputs);
}

void winograd_weights(const float* weight, float* transformed, int kernel, std::int64_t channels, std::int64_t outputs,
                      std::int64_t begin, std::int64_t end) {
    const std::int64_t places = kernel * kernel;
    with_kernel(kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        const auto turn = [&](std::int64_t column, std::int64_t row, std::int64_t count, float* values) {
            constexpr auto kLanes = kLanesOf<Vector>;
            turn_values<Vector, true>(weight + (column * channels + row) * places, channels * places,
                                      std::min(kLanes, outputs - column), count * places,
                                      weight + outputs * channels * places, values, kLanes);
        };
        transform_kernels<kKernel, Vector>(transformed, outputs, channels, begin, end, turn);
    });
}

void winograd_transposed_weights(const float* weight, float* transformed, int kernel, std::int64_t channels,
                                 std::int64_t outputs, bool turned, std::int64_t begin, std::int64_t end) {
    with_kernel(kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        const auto turn = [&](std::int64_t column, std::int64_t row, std::int64_t count, float* values) {
            constexpr auto kLanes = kLanesOf<Vector>;
            constexpr std::int64_t kPlaces = kKernel * kKernel;
            for (std::int64_t i = 0; i < count; ++i) {
                float* to = values + i * kPlaces * kLanes;
                turn_values<Vector, true>(weight + ((row + i) * channels + column) * kPlaces, kPlaces,
                                          std::min(kLanes, channels - column), kPlaces,
                                          weight + outputs * channels * kPlaces, to, kLanes);
                if (turned) turn_round<Vector>(to, kPlaces);
            }
        };
        transform_kernels<kKernel, Vector>(transformed, channels, outputs, begin, end, turn);
    });
}

std::int64_t winograd_scratch_size(const WinogradShape& shape, std::int64_t block) {
    return kWinogradPoints * block * (input_row(shape) + sum_row(shape));
}

void winograd_convolve(const WinogradShape& shape, const float* x, const float* weights, const float* bias,
                       bool rectify, float* y, std::int64_t begin, std::int64_t end, std::int64_t block,
                       float* scratch) {
    float* sums = scratch + kWinogradPoints * block * input_row(shape);
    for (std::int64_t first = begin; first < end; first += block) {
        const std::int64_t count = std::min(block, end - first);
        winograd_inputs(shape, x, scratch, first, block, 0, count);
        multiply_points(shape, scratch, weights, sums, block, count);
        with_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
            transform_all_sums<kKernel, Vector>(shape, sums, block, bias, rectify, y, first, count);
        });
    }
}

std::int64_t winograd_spread_size(const WinogradShape& shape, std::int64_t block) {
    return kWinogradPoints * block * (gradient_row(shape) + spread_row(shape));
}

void winograd_spread(const WinogradShape& shape, const float* dy, const float* weights, float* dx, std::int64_t begin,
                     std::int64_t end, std::int64_t block, float* scratch) {
    const std::int64_t in_row = gradient_row(shape), out_row = spread_row(shape);
    const std::int64_t item_pixels = shape.height * shape.width, item_tiles = shape.tile_rows() * shape.tile_columns();
    float* gradients = scratch;
    float* sums = gradients + kWinogradPoints * block * in_row;
    for (std::int64_t pixel = begin * item_pixels; pixel < end * item_pixels; ++pixel)
        std::fill_n(dx + pixel * shape.pixel_in, shape.channels, 0.0F);
    for (std::int64_t first = begin * item_tiles; first < end * item_tiles; first += block) {
        const std::int64_t count = std::min(block, end * item_tiles - first);
        with_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
            for (std::int64_t t = 0; t < count; ++t)
                transform_gradient_tile<kKernel, Vector>(shape, dy, tile_at(shape, first + t), gradients + t * in_row,
                                                         block * in_row, [](std::int64_t k) { return k; });
        });
        for (int point = 0; point < kWinogradPoints; ++point)
            multiply_by_panels(gradients + point * block * in_row, in_row,
                               weights + point * point_size(shape.outputs, shape.channels),
                               sums + point * block * out_row, out_row, count, shape.outputs, shape.channels, false);
        with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
            for (std::int64_t t = 0; t < count; ++t)
                spread_tile<Vector>(shape, sums + t * out_row, block * out_row, tile_at(shape, first + t), dx);
        });
    }
}

std::int64_t winograd_input_size(const WinogradShape& shape, std::int64_t block) {
    return kWinogradPoints * block * input_row(shape);
}

void winograd_inputs(const WinogradShape& shape, const float* x, float* inputs, std::int64_t first, std::int64_t block,
                     std::int64_t begin, std::int64_t end) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        transform_all_inputs<Vector>(shape, x, inputs, first, block, begin, end);
    });
}

std::int64_t winograd_gradient_size(const WinogradShape& shape, std::int64_t block) {
    return kWinogradPoints * block * panel_count(shape.outputs) * kPanel;
}

void winograd_gradients(const WinogradShape& shape, const float* dy, float* gradients, std::int64_t first,
                        std::int64_t block, std::int64_t begin, std::int64_t end) {
    with_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        transform_all_gradients<kKernel, Vector>(shape, dy, gradients, first, block, begin, end);
    });
}

void winograd_accumulate(const WinogradShape& shape, const float* inputs, const float* gradients, float* sums,
                         std::int64_t block, std::int64_t count, bool add, std::int64_t begin, std::int64_t end) {
    const std::int64_t panels = panel_count(shape.outputs), row = input_row(shape);
    for (std::int64_t point = begin; point < end; ++point)
        multiply_transposed_by_panels(inputs + point * block * row, row, gradients + point * panels * block * kPanel,
                                      block * kPanel, sums + point * point_size(shape.channels, shape.outputs),
                                      shape.channels, count, shape.outputs, add);
}

void winograd_weight_gradient(const float* sums, float* dw, int kernel, std::int64_t channels, std::int64_t outputs,
                              std::int64_t begin, std::int64_t end) {
    with_kernel(kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        weight_gradient<kKernel, Vector>(sums, dw, channels, outputs, begin, end);
    });
}

}  // namespace digits
