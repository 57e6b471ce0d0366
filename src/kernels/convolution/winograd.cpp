#include "kernels/convolution/winograd.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/convolution/winograd_avx512.hpp"
#include "kernels/convolution/winograd_transforms.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// Kernels that are transposed at a time.
constexpr std::int64_t kTransposedKernels = 16;

/// Transforms the panels [begin, end) of weights (rows x columns). load(column, row, count, values) transposes `count`
/// kernels from `row` on, for a vector of columns from `column` on: (kernel, index in the kernel, lane).
template <int kKernel, class Vector, class Load>
DIGITS_KERNEL_INLINE void transform_kernels(float* transformed, std::int64_t columns, std::int64_t rows,
                                            std::int64_t begin, std::int64_t end, const Load& load) {
    constexpr auto kLanes = kLanesOf<Vector>;
    constexpr int kPlaces = kKernel * kKernel;
    const std::int64_t point_stride = point_size(rows, columns);
    alignas(Vector) float values[kTransposedKernels * kPlaces * kLanes];
    for (std::int64_t panel = begin; panel < end; ++panel)
        for (std::int64_t part = 0; part < kPanelWidth; part += kLanes)
            for (std::int64_t first = 0; first < rows; first += kTransposedKernels) {
                const std::int64_t count = std::min(kTransposedKernels, rows - first);
                load(panel * kPanelWidth + part, first, count, values);
                for (std::int64_t row = 0; row < count; ++row) {
                    Vector g[kKernel][kKernel], v[6][6];
                    for (int i = 0; i < kKernel; ++i)
                        for (int j = 0; j < kKernel; ++j)
                            g[i][j] = load_vector<Vector>(values + (row * kPlaces + i * kKernel + j) * kLanes);
                    evaluate_tile<kKernel, true>(g, v);
                    float* to = transformed + (panel * rows + first + row) * kPanelWidth + part;
                    for (int i = 0; i < 6; ++i)
                        for (int j = 0; j < 6; ++j) store_vector(to + (i * 6 + j) * point_stride, v[i][j]);
                }
            }
}

template <int kKernel, class Vector>
DIGITS_KERNEL_INLINE void transform_weight_gradient(const float* sums, float* dw, std::int64_t channels,
                                                    std::int64_t outputs, std::int64_t begin, std::int64_t end) {
    constexpr auto kLanes = kLanesOf<Vector>;
    constexpr int kPlaces = kKernel * kKernel;
    const std::int64_t point_stride = point_size(channels, outputs);
    alignas(Vector) float values[kTransposedKernels * kPlaces * kLanes];
    for (std::int64_t panel = begin; panel < end; ++panel)
        for (std::int64_t part = 0; part < kPanelWidth; part += kLanes)
            for (std::int64_t first = 0; first < channels; first += kTransposedKernels) {
                const std::int64_t count = std::min(kTransposedKernels, channels - first);
                for (std::int64_t c = 0; c < count; ++c) {
                    const float* from = sums + (panel * channels + first + c) * kPanelWidth + part;
                    Vector m[6][6], g[kKernel][kKernel];
                    for (int i = 0; i < 6; ++i)
                        for (int j = 0; j < 6; ++j) m[i][j] = load_vector<Vector>(from + (i * 6 + j) * point_stride);
                    interpolate_tile<kKernel, true>(m, g);
                    for (int i = 0; i < kKernel; ++i)
                        for (int j = 0; j < kKernel; ++j)
                            store_vector(values + (c * kPlaces + i * kKernel + j) * kLanes, g[i][j]);
                }
                const std::int64_t output = panel * kPanelWidth + part;
                transpose_values<Vector>(values, kLanes, count * kPlaces, std::min(kLanes, outputs - output),
                                         std::end(values), dw + (output * channels + first) * kPlaces,
                                         channels * kPlaces);
            }
}

/// Calls work.operator()<kKernel, Vector>() with the widest vectors.
template <class Work>
void dispatch_kernel(int kernel, const Work& work) {
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        if (kernel == 3) {
            work.template operator()<3, Vector>();
        } else {
            work.template operator()<5, Vector>();
        }
    });
}

/// Floats of transformed weights, (points, panels of outputs, channels, kPanelWidth).
std::int64_t weight_size(std::int64_t channels, std::int64_t outputs) {
    return kWinogradPoints * point_size(channels, outputs);
}

/// Transforms the weights of one group, (outputs, channels, kernel, kernel), of the panels [begin, end) of outputs.
void transform_weights(const WinogradShape& shape, const float* weight, float* transformed, std::int64_t begin,
                       std::int64_t end) {
    const std::int64_t channels = shape.channels, outputs = shape.outputs, places = shape.kernel * shape.kernel;
    dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        const auto load = [&](std::int64_t column, std::int64_t row, std::int64_t count, float* values) {
            constexpr auto kLanes = kLanesOf<Vector>;
            transpose_values<Vector, true>(weight + (column * channels + row) * places, channels * places,
                                           std::min(kLanes, outputs - column), count * places,
                                           weight + outputs * channels * places, values, kLanes);
        };
        transform_kernels<kKernel, Vector>(transformed, outputs, channels, begin, end, load);
    });
}

/// The same for the gradient of the inputs: panels of channels, (points, panels, outputs, kPanelWidth). `rotate`:
/// kernels are rotated by 180 degrees, as the convolution of dy needs them.
void transform_transposed_weights(const WinogradShape& shape, const float* weight, float* transformed, bool rotate,
                                  std::int64_t begin, std::int64_t end) {
    const std::int64_t channels = shape.channels, outputs = shape.outputs;
    dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        const auto load = [&](std::int64_t column, std::int64_t row, std::int64_t count, float* values) {
            constexpr auto kLanes = kLanesOf<Vector>;
            constexpr std::int64_t kPlaces = kKernel * kKernel;
            for (std::int64_t i = 0; i < count; ++i) {
                float* to = values + i * kPlaces * kLanes;
                transpose_values<Vector, true>(weight + ((row + i) * channels + column) * kPlaces, kPlaces,
                                               std::min(kLanes, channels - column), kPlaces,
                                               weight + outputs * channels * kPlaces, to, kLanes);
                if (rotate) reverse_vectors<Vector>(to, kPlaces);
            }
        };
        transform_kernels<kKernel, Vector>(transformed, channels, outputs, begin, end, load);
    });
}

/// Transforms the inputs of the tiles [begin, end) of a block of `block` tiles, of which the first one is `first`:
/// (points, block, input_row()).
void transform_input_block(const WinogradShape& shape, const float* x, float* inputs, std::int64_t first,
                           std::int64_t block, std::int64_t begin, std::int64_t end) {
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        transform_inputs<Vector>(shape, x, inputs, first, block, begin, end);
    });
}
void transform_input_block(const WinogradShape& shape, const Bf16* x, float* inputs, std::int64_t first,
                           std::int64_t block, std::int64_t begin, std::int64_t end) {
    winograd_transform_inputs_avx512(shape, x, inputs, first, block, begin, end);
}
/// Transforms the outputs' gradients of these tiles: (points, panels, block, kPanelWidth).
void transform_gradient_block(const WinogradShape& shape, const float* dy, float* gradients, std::int64_t first,
                              std::int64_t block, std::int64_t begin, std::int64_t end) {
    dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        transform_gradients<kKernel, Vector>(shape, dy, gradients, first, block, begin, end);
    });
}
void transform_gradient_block(const WinogradShape& shape, const Bf16* dy, float* gradients, std::int64_t first,
                              std::int64_t block, std::int64_t begin, std::int64_t end) {
    winograd_transform_gradients_avx512(shape, dy, gradients, first, block, begin, end);
}
/// The outputs of `count` tiles from `first` on.
void transform_product_block(const WinogradShape& shape, const float* products, std::int64_t block, const float* bias,
                             bool relu, float* y, std::int64_t first, std::int64_t count) {
    dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
        transform_products<kKernel, Vector>(shape, products, block, bias, relu, y, first, count);
    });
}
void transform_product_block(const WinogradShape& shape, const float* products, std::int64_t block, const float* bias,
                             bool relu, Bf16* y, std::int64_t first, std::int64_t count) {
    winograd_transform_products_avx512(shape, products, block, bias, relu, y, first, count);
}

/// Size of the transformed tiles that a thread works on at a time: they should stay in its share of the caches.
constexpr std::int64_t kBlockFloats = std::int64_t{3} << 17;  // 1.5 MB
constexpr std::int64_t kLeastBlock = 60, kLargestBlock = 192;

/// The number of tiles in a block where a thread has `tiles` of them.
std::int64_t block_of_tiles(const WinogradShape& shape, std::int64_t tiles) {
    const std::int64_t fitting = kBlockFloats / (kWinogradPoints * (shape.channels + shape.outputs));
    const std::int64_t most = std::clamp(fitting, kLeastBlock, kLargestBlock);
    // Blocks of about the same size, a multiple of the GEMM's register block.
    const std::int64_t blocks = std::max<std::int64_t>((tiles + most - 1) / most, 1);
    const std::int64_t even = (tiles + blocks - 1) / blocks;
    return (even + kRegisterRows - 1) / kRegisterRows * kRegisterRows;
}

std::int64_t share(std::int64_t count, std::int64_t threads) { return (count + threads - 1) / threads; }

/// How the threads convolve one group: each takes tiles, in blocks. Workspace of a thread: inputs and products.
struct ConvolvePlan {
    ConvolvePlan(const WinogradShape& shape, std::int64_t threads)
        : block(block_of_tiles(shape, share(shape.tiles(), threads))),
          inputs(kWinogradPoints * block * input_row(shape)),
          size(inputs + kWinogradPoints * block * product_row(shape)) {}

    const std::int64_t block, inputs, size;
};

template <class T>
void convolve(const WinogradShape& shape, const T* x, const float* weights, const float* bias, bool relu, T* y,
              float* workspace, const Threads& threads) {
    const ConvolvePlan plan(shape, threads.count());
    const std::int64_t in_row = input_row(shape), out_row = product_row(shape), block = plan.block;
    parallel_parts(threads, shape.tiles(), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* inputs = workspace + part * plan.size;
        float* products = inputs + plan.inputs;
        for (std::int64_t first = begin; first < end; first += block) {
            const std::int64_t count = std::min(block, end - first);
            transform_input_block(shape, x, inputs, first, block, 0, count);
            for (int point = 0; point < kWinogradPoints; ++point)
                packed_gemm_nn(inputs + point * block * in_row, in_row,
                               weights + point * point_size(shape.channels, shape.outputs),
                               products + point * block * out_row, out_row, count, shape.channels, shape.outputs,
                               false);
            transform_product_block(shape, products, block, bias, relu, y, first, count);
        }
    });
}

/// How the threads scatter the inputs' gradient of one group: each takes items, in blocks of tiles. Workspace of a
/// thread: gradients and products.
struct ScatterPlan {
    ScatterPlan(const WinogradShape& shape, std::int64_t threads)
        : block(block_of_tiles(shape, share(shape.items, threads) * shape.tile_rows() * shape.tile_columns())),
          gradients(kWinogradPoints * block * gradient_row(shape)),
          size(gradients + kWinogradPoints * block * scatter_row(shape)) {}

    const std::int64_t block, gradients, size;
};

void scatter(const WinogradShape& shape, const float* dy, const float* weights, float* dx, float* workspace,
             const Threads& threads) {
    const ScatterPlan plan(shape, threads.count());
    const std::int64_t in_row = gradient_row(shape), out_row = scatter_row(shape), block = plan.block;
    const std::int64_t item_pixels = shape.height * shape.width, item_tiles = shape.tile_rows() * shape.tile_columns();
    parallel_parts(threads, shape.items, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* gradients = workspace + part * plan.size;
        float* products = gradients + plan.gradients;
        for (std::int64_t pixel = begin * item_pixels; pixel < end * item_pixels; ++pixel)
            std::fill_n(dx + pixel * shape.pixel_in(), shape.channels, 0.0F);
        for (std::int64_t first = begin * item_tiles; first < end * item_tiles; first += block) {
            const std::int64_t count = std::min(block, end * item_tiles - first);
            dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
                for (std::int64_t t = 0; t < count; ++t)
                    transform_gradient_tile<kKernel, Vector>(shape, dy, tile_at(shape, first + t),
                                                             gradients + t * in_row, block * in_row,
                                                             [](std::int64_t k) { return k; });
            });
            for (int point = 0; point < kWinogradPoints; ++point)
                packed_gemm_nn(gradients + point * block * in_row, in_row,
                               weights + point * point_size(shape.outputs, shape.channels),
                               products + point * block * out_row, out_row, count, shape.outputs, shape.channels,
                               false);
            dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
                for (std::int64_t t = 0; t < count; ++t)
                    scatter_tile<Vector>(shape, products + t * out_row, block * out_row, tile_at(shape, first + t), dx);
            });
        }
    });
}

/// How all threads together compute the weights' gradient of one group, a block of tiles at a time. Workspace: the
/// gradient at all points, inputs and gradients of a block.
struct WeightGradientPlan {
    explicit WeightGradientPlan(const WinogradShape& shape)
        : block(block_of_tiles(shape, shape.tiles())),
          sums(weight_size(shape.channels, shape.outputs)),
          inputs(kWinogradPoints * block * input_row(shape)),
          size(sums + inputs + kWinogradPoints * block * panel_count(shape.outputs) * kPanelWidth) {}

    const std::int64_t block, sums, inputs, size;
};

/// Gradients that are scattered are summed in float: bf16 values are converted before and after.
template <class T>
bool scatters_as_float(const WinogradShape& shape) {
    return !std::is_same_v<T, float> && winograd_scatters_input_gradient(shape);
}
std::int64_t values_of_dy(const WinogradShape& shape) {
    return workspace_part(shape.items * shape.out_height() * shape.out_width() * shape.pixel_out());
}
std::int64_t values_of_dx(const WinogradShape& shape) {
    return workspace_part(shape.items * shape.height * shape.width * shape.pixel_in());
}
template <class From, class To>
void convert(const From* from, To* to, std::int64_t count, const Threads& threads) {
    threads.parallel_for(count, std::int64_t{1} << 14, [&](std::int64_t begin, std::int64_t end) {
        dispatch([&]() DIGITS_INLINE_LAMBDA {
            for (std::int64_t i = begin; i < end; ++i) store(to[i], load(from[i]));
        });
    });
}

}  // namespace

WinogradShape WinogradShape::input_gradient() const {
    WinogradShape other = *this;
    other.height = out_height();
    other.width = out_width();
    other.pad_y = kernel - 1 - pad_y;
    other.pad_x = kernel - 1 - pad_x;
    other.channels = outputs;
    other.outputs = channels;
    return other;
}

bool winograd_scatters_input_gradient(const WinogradShape& shape) {
    // Tiles that overlap are more expensive than disjoint ones.
    return 5 * shape.tiles() < 4 * shape.input_gradient().tiles();
}

template <class T>
std::int64_t winograd_workspace(const WinogradShape& shape, Pass pass, std::int64_t threads) {
    if (scatters_as_float<T>(shape) && pass == Pass::kInputGradient)
        return values_of_dy(shape) + values_of_dx(shape) + winograd_workspace<float>(shape, pass, threads);
    switch (pass) {
        case Pass::kForward:
            return weight_size(shape.channels, shape.outputs) + threads * ConvolvePlan(shape, threads).size;
        case Pass::kInputGradient:
            return weight_size(shape.outputs, shape.channels) +
                   threads * (winograd_scatters_input_gradient(shape)
                                  ? ScatterPlan(shape, threads).size
                                  : ConvolvePlan(shape.input_gradient(), threads).size);
        case Pass::kWeightGradient: return WeightGradientPlan(shape).size;
    }
    return 0;
}

template <class T>
void winograd_forward(const WinogradShape& shape, const T* x, const float* weight, const float* bias, bool relu, T* y,
                      float* workspace, const Threads& threads) {
    float* weights = workspace;
    float* own = weights + weight_size(shape.channels, shape.outputs);
    for (std::int64_t g = 0; g < shape.groups; ++g) {
        const float* group_weight = weight + g * shape.outputs * shape.channels * shape.kernel * shape.kernel;
        threads.parallel_for(panel_count(shape.outputs), 1, [&](std::int64_t begin, std::int64_t end) {
            transform_weights(shape, group_weight, weights, begin, end);
        });
        convolve(shape, x + g * shape.channels, weights, bias ? bias + g * shape.outputs : nullptr, relu,
                 y + g * shape.outputs, own, threads);
    }
}

template <class T>
void winograd_input_gradient(const WinogradShape& shape, const T* dy, const float* weight, T* dx, float* workspace,
                             const Threads& threads) {
    if (scatters_as_float<T>(shape)) {
        float* full_dy = workspace;
        float* full_dx = full_dy + values_of_dy(shape);
        convert(dy, full_dy, shape.items * shape.out_height() * shape.out_width() * shape.pixel_out(), threads);
        winograd_input_gradient<float>(shape, full_dy, weight, full_dx, full_dx + values_of_dx(shape), threads);
        return convert(full_dx, dx, shape.items * shape.height * shape.width * shape.pixel_in(), threads);
    }
    const bool scatters = winograd_scatters_input_gradient(shape);
    float* weights = workspace;
    float* own = weights + weight_size(shape.outputs, shape.channels);
    for (std::int64_t g = 0; g < shape.groups; ++g) {
        const float* group_weight = weight + g * shape.outputs * shape.channels * shape.kernel * shape.kernel;
        threads.parallel_for(panel_count(shape.channels), 1, [&](std::int64_t begin, std::int64_t end) {
            transform_transposed_weights(shape, group_weight, weights, !scatters, begin, end);
        });
        const T* from = dy + g * shape.outputs;
        T* to = dx + g * shape.channels;
        if (!scatters) {
            convolve<T>(shape.input_gradient(), from, weights, nullptr, false, to, own, threads);
        } else if constexpr (std::is_same_v<T, float>) {
            scatter(shape, from, weights, to, own, threads);
        }
    }
}

template <class T>
void winograd_weight_gradient(const WinogradShape& shape, const T* x, const T* dy, float* dw, float* workspace,
                              const Threads& threads) {
    const WeightGradientPlan plan(shape);
    const std::int64_t tiles = shape.tiles(), block = plan.block, in_row = input_row(shape),
                       gradient_panel = block * kPanelWidth,
                       gradient_point = panel_count(shape.outputs) * gradient_panel;
    float* sums = workspace;
    float* inputs = sums + plan.sums;
    float* gradients = inputs + plan.inputs;
    for (std::int64_t g = 0; g < shape.groups; ++g) {
        for (std::int64_t first = 0; first < tiles; first += block) {
            const std::int64_t count = std::min(block, tiles - first);
            threads.parallel_for(count, 8, [&](std::int64_t begin, std::int64_t end) {
                transform_input_block(shape, x + g * shape.channels, inputs, first, block, begin, end);
                transform_gradient_block(shape, dy + g * shape.outputs, gradients, first, block, begin, end);
            });
            threads.parallel_for(kWinogradPoints, 1, [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t point = begin; point < end; ++point)
                    packed_gemm_tn(inputs + point * block * in_row, in_row, gradients + point * gradient_point,
                                   gradient_panel, sums + point * point_size(shape.channels, shape.outputs),
                                   shape.channels, count, shape.outputs, first > 0);
            });
        }
        float* group_dw = dw + g * shape.outputs * shape.channels * shape.kernel * shape.kernel;
        threads.parallel_for(panel_count(shape.outputs), 1, [&](std::int64_t begin, std::int64_t end) {
            dispatch_kernel(shape.kernel, [&]<int kKernel, class Vector>() DIGITS_INLINE_LAMBDA {
                transform_weight_gradient<kKernel, Vector>(sums, group_dw, shape.channels, shape.outputs, begin, end);
            });
        });
    }
}

template std::int64_t winograd_workspace<float>(const WinogradShape&, Pass, std::int64_t);
template std::int64_t winograd_workspace<Bf16>(const WinogradShape&, Pass, std::int64_t);
template void winograd_forward(const WinogradShape&, const float*, const float*, const float*, bool, float*, float*,
                               const Threads&);
template void winograd_forward(const WinogradShape&, const Bf16*, const float*, const float*, bool, Bf16*, float*,
                               const Threads&);
template void winograd_input_gradient(const WinogradShape&, const float*, const float*, float*, float*, const Threads&);
template void winograd_input_gradient(const WinogradShape&, const Bf16*, const float*, Bf16*, float*, const Threads&);
template void winograd_weight_gradient(const WinogradShape&, const float*, const float*, float*, float*,
                                       const Threads&);
template void winograd_weight_gradient(const WinogradShape&, const Bf16*, const Bf16*, float*, float*, const Threads&);

}  // namespace digits
