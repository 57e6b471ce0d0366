#include "kernels/pooling/max_pool.hpp"

#include <algorithm>
#include <cfloat>
#include <type_traits>

#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

namespace {

/// One output of any window.
DIGITS_KERNEL_INLINE void max_of_window(const float* in, const PoolingAxis& rows, const PoolingAxis& columns,
                                        std::int64_t i, std::int64_t j, float* out, std::int32_t* place) {
    float best = -FLT_MAX;
    std::int32_t where = -1;
    for (std::int64_t h = rows.first(i); h < rows.last(i); ++h) {
        for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
            const float value = in[h * columns.size + w];
            const bool greater = value > best;
            where = greater ? static_cast<std::int32_t>(h * columns.size + w) : where;
            best = greater ? value : best;
        }
    }
    *out = best;
    *place = where;
}

/// Outputs [from, to) of row `i`, whose windows have all their columns inside the image: one element of all windows at
/// a time, so that the compiler vectorizes the loop over outputs.
template <int kStride>
DIGITS_KERNEL_INLINE void max_of_row(const float* in, const PoolingAxis& rows, const PoolingAxis& columns,
                                     std::int64_t i, std::int64_t from, std::int64_t to, float* __restrict out,
                                     std::int32_t* __restrict place) {
    const std::int64_t stride = kStride > 0 ? kStride : columns.stride;
    for (std::int64_t j = from; j < to; ++j) out[j] = -FLT_MAX, place[j] = -1;
    for (std::int64_t h = rows.first(i); h < rows.last(i); ++h) {
        for (std::int64_t w = 0; w < columns.kernel; ++w) {
            const std::int64_t start = h * columns.size + w - columns.pad;
            const float* __restrict values = in + start;
            const auto first = static_cast<std::int32_t>(start);
            for (std::int64_t j = from; j < to; ++j) {
                const float value = values[j * stride];
                const bool greater = value > out[j];
                place[j] = greater ? first + static_cast<std::int32_t>(j * stride) : place[j];
                out[j] = greater ? value : out[j];
            }
        }
    }
}

DIGITS_KERNEL_INLINE void max_pool_planes_of(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window,
                                             std::int64_t begin, std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    const std::int64_t outputs = rows.outputs * columns.outputs;
    // [from, to): the outputs of a row whose windows are inside the image.
    const std::int64_t from = std::min((columns.pad + columns.stride - 1) / columns.stride, columns.outputs);
    const std::int64_t room = columns.size + columns.pad - columns.kernel;
    const std::int64_t to = std::clamp(room < 0 ? 0 : room / columns.stride + 1, from, columns.outputs);
    for (std::int64_t plane = begin; plane < end; ++plane) {
        const float* in = x + plane * rows.size * columns.size;
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            float* out = y + plane * outputs + i * columns.outputs;
            std::int32_t* place = mask + plane * outputs + i * columns.outputs;
            for (std::int64_t j = 0; j < from; ++j) max_of_window(in, rows, columns, i, j, out + j, place + j);
            if (columns.stride == 2) {
                max_of_row<2>(in, rows, columns, i, from, to, out, place);
            } else if (columns.stride == 1) {
                max_of_row<1>(in, rows, columns, i, from, to, out, place);
            } else {
                max_of_row<0>(in, rows, columns, i, from, to, out, place);
            }
            for (std::int64_t j = to; j < columns.outputs; ++j)
                max_of_window(in, rows, columns, i, j, out + j, place + j);
        }
    }
}

DIGITS_KERNEL_INLINE void max_pool_planes_backward_of(const float* dy, const std::int32_t* mask, float* dx,
                                                      const PoolingWindow& window, std::int64_t begin,
                                                      std::int64_t end) {
    const std::int64_t inputs = window.y.size * window.x.size, outputs = window.y.outputs * window.x.outputs;
    for (std::int64_t plane = begin; plane < end; ++plane) {
        float* out = dx + plane * inputs;
        std::fill(out, out + inputs, 0.0F);
        for (std::int64_t i = plane * outputs; i < (plane + 1) * outputs; ++i)
            if (mask[i] >= 0) out[mask[i]] += dy[i];
    }
}

/// Calls use(constant n, c) for blocks of n = 8, 4 and 1 channels from c on that make up all of them.
template <class Use>
DIGITS_KERNEL_INLINE void in_lanes(std::int64_t channels, const Use& use) {
    std::int64_t c = 0;
    for (; c + 8 <= channels; c += 8) use(std::integral_constant<int, 8>(), c);
    for (; c + 4 <= channels; c += 4) use(std::integral_constant<int, 4>(), c);
    for (; c < channels; ++c) use(std::integral_constant<int, 1>(), c);
}

/// One output pixel of kLanes channels, which stay in registers.
template <int kLanes, class T>
DIGITS_KERNEL_INLINE void max_of_channels(const T* in, const PoolingAxis& rows, const PoolingAxis& columns,
                                          std::int64_t i, std::int64_t j, std::int64_t channels, T* out,
                                          std::int32_t* place) {
    using L = Lanes<kLanes>;
    typename L::Floats best = typename L::Floats{} - FLT_MAX;
    typename L::Ints where = typename L::Ints{} - 1;
    for (std::int64_t h = rows.first(i); h < rows.last(i); ++h)
        for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
            const auto here = static_cast<std::int32_t>(h * columns.size + w);
            const typename L::Floats value = L::read(in + here * channels);
            const auto greater = value > best;
            where = greater ? typename L::Ints{} + here : where;
            best = greater ? value : best;
        }
    L::write(out, best);
    L::write(place, where);
}

template <class T>
DIGITS_KERNEL_INLINE void max_pool_items_of(const T* x, T* y, std::int32_t* mask, const PoolingWindow& window,
                                            std::int64_t channels, std::int64_t begin, std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    for (std::int64_t item = begin; item < end; ++item) {
        const T* in = x + item * rows.size * columns.size * channels;
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            for (std::int64_t j = 0; j < columns.outputs; ++j) {
                const std::int64_t offset = ((item * rows.outputs + i) * columns.outputs + j) * channels;
                const auto take = [&]<int kLanes>(std::integral_constant<int, kLanes>, std::int64_t c) {
                    max_of_channels<kLanes>(in + c, rows, columns, i, j, channels, y + offset + c, mask + offset + c);
                };
                in_lanes(channels, take);
            }
        }
    }
}

/// Whether windows do not overlap, and whether they also cover all pixels.
bool are_disjoint(const PoolingAxis& axis) { return axis.stride >= axis.kernel; }
bool are_disjoint(const PoolingWindow& window) { return are_disjoint(window.y) && are_disjoint(window.x); }
bool cover(const PoolingAxis& axis) {
    return axis.stride == axis.kernel && axis.outputs * axis.stride - axis.pad >= axis.size;
}

/// Scatters the gradients of kLanes channels of one output to the pixels of their maxima. kDisjoint: no other window
/// has these pixels, so that they are overwritten.
template <int kLanes, bool kDisjoint, class T, class To>
DIGITS_KERNEL_INLINE void scatter_to_maxima(const T* dy, const std::int32_t* places, const PoolingAxis& rows,
                                            const PoolingAxis& columns, std::int64_t i, std::int64_t j,
                                            std::int64_t channels, To* to) {
    using L = Lanes<kLanes>;
    const typename L::Floats gradient = L::read(dy);
    const typename L::Ints where = L::read(places);
    for (std::int64_t h = rows.first(i); h < rows.last(i); ++h)
        for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
            const auto here = static_cast<std::int32_t>(h * columns.size + w);
            To* pixel = to + here * channels;
            const typename L::Floats own = where == here ? gradient : typename L::Floats{};
            if constexpr (kDisjoint) {
                L::write(pixel, own);
            } else {
                L::write(pixel, L::read(pixel) + own);
            }
        }
}

/// The gradients of one item, `to` being those of its inputs.
template <bool kDisjoint, class T, class To>
DIGITS_KERNEL_INLINE void scatter_item(const T* dy, const std::int32_t* mask, const PoolingWindow& window,
                                       std::int64_t channels, std::int64_t item, To* to) {
    const PoolingAxis rows = window.y, columns = window.x;
    for (std::int64_t i = 0; i < rows.outputs; ++i) {
        for (std::int64_t j = 0; j < columns.outputs; ++j) {
            const std::int64_t offset = ((item * rows.outputs + i) * columns.outputs + j) * channels;
            const auto scatter = [&]<int kLanes>(std::integral_constant<int, kLanes>, std::int64_t c) {
                scatter_to_maxima<kLanes, kDisjoint>(dy + offset + c, mask + offset + c, rows, columns, i, j, channels,
                                                     to + c);
            };
            in_lanes(channels, scatter);
        }
    }
}

template <class T>
DIGITS_KERNEL_INLINE void max_pool_items_backward_of(const T* dy, const std::int32_t* mask, T* dx,
                                                     const PoolingWindow& window, std::int64_t channels,
                                                     std::int64_t begin, std::int64_t end, float* sums) {
    const std::int64_t inputs = window.y.size * window.x.size * channels;
    const bool disjoint = are_disjoint(window), covered = cover(window.y) && cover(window.x);
    for (std::int64_t item = begin; item < end; ++item) {
        T* in = dx + item * inputs;
        if (disjoint) {
            if (!covered) std::fill(in, in + inputs, T{});
            scatter_item<true>(dy, mask, window, channels, item, in);
        } else if constexpr (std::is_same_v<T, float>) {
            std::fill(in, in + inputs, 0.0F);
            scatter_item<false>(dy, mask, window, channels, item, in);
        } else {
            std::fill(sums, sums + inputs, 0.0F);
            scatter_item<false>(dy, mask, window, channels, item, sums);
            for (std::int64_t v = 0; v < inputs; ++v) store(in[v], sums[v]);
        }
    }
}

}  // namespace

void max_pool_planes(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t begin,
                     std::int64_t end) {
    dispatch([&]() DIGITS_INLINE_LAMBDA { max_pool_planes_of(x, y, mask, window, begin, end); });
}

void max_pool_planes_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                              std::int64_t begin, std::int64_t end) {
    dispatch([&]() DIGITS_INLINE_LAMBDA { max_pool_planes_backward_of(dy, mask, dx, window, begin, end); });
}

template <class T>
void max_pool_channels_last(const T* x, T* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                            std::int64_t begin, std::int64_t end) {
    dispatch([&]() DIGITS_INLINE_LAMBDA { max_pool_items_of(x, y, mask, window, channels, begin, end); });
}

template <class T>
void max_pool_channels_last_backward(const T* dy, const std::int32_t* mask, T* dx, const PoolingWindow& window,
                                     std::int64_t channels, std::int64_t begin, std::int64_t end, float* workspace) {
    dispatch([&]() DIGITS_INLINE_LAMBDA {
        max_pool_items_backward_of(dy, mask, dx, window, channels, begin, end, workspace);
    });
}

template <class T>
std::int64_t max_pool_workspace(const PoolingWindow& window, std::int64_t channels) {
    const bool sums = !std::is_same_v<T, float> && !are_disjoint(window);
    return sums ? window.y.size * window.x.size * channels : 0;
}

template void max_pool_channels_last(const float*, float*, std::int32_t*, const PoolingWindow&, std::int64_t,
                                     std::int64_t, std::int64_t);
template void max_pool_channels_last(const Bf16*, Bf16*, std::int32_t*, const PoolingWindow&, std::int64_t,
                                     std::int64_t, std::int64_t);
template void max_pool_channels_last_backward(const float*, const std::int32_t*, float*, const PoolingWindow&,
                                              std::int64_t, std::int64_t, std::int64_t, float*);
template void max_pool_channels_last_backward(const Bf16*, const std::int32_t*, Bf16*, const PoolingWindow&,
                                              std::int64_t, std::int64_t, std::int64_t, float*);
template std::int64_t max_pool_workspace<float>(const PoolingWindow&, std::int64_t);
template std::int64_t max_pool_workspace<Bf16>(const PoolingWindow&, std::int64_t);

}  // namespace digits
