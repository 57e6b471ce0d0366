#include "engine/kernels/max_pool.hpp"

#include <algorithm>
#include <cfloat>

#include "engine/kernels/simd.hpp"

namespace digits {

namespace {

/// One output, any window.
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

/// Outputs [from, to) of row `i`, whose windows have all their columns inside: one element of all windows at a time, so
/// that the loop over outputs becomes vector code without branches.
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

}  // namespace

DIGITS_KERNEL
void max_pool_planes(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t begin,
                     std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    const std::int64_t outputs = rows.outputs * columns.outputs;
    // [from, to): the outputs of a row whose windows lie inside.
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

DIGITS_KERNEL
void max_pool_planes_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                              std::int64_t begin, std::int64_t end) {
    const std::int64_t inputs = window.y.size * window.x.size, outputs = window.y.outputs * window.x.outputs;
    for (std::int64_t plane = begin; plane < end; ++plane) {
        float* out = dx + plane * inputs;
        std::fill(out, out + inputs, 0.0F);
        for (std::int64_t i = plane * outputs; i < (plane + 1) * outputs; ++i)
            if (mask[i] >= 0) out[mask[i]] += dy[i];
    }
}

namespace {

/// One output pixel of kLanes channels, which stay in registers.
template <int kLanes>
DIGITS_KERNEL_INLINE void max_of_channels(const float* in, const PoolingAxis& rows, const PoolingAxis& columns,
                                          std::int64_t i, std::int64_t j, std::int64_t channels, float* out,
                                          std::int32_t* place) {
    float best[kLanes];
    std::int32_t where[kLanes];
    for (int c = 0; c < kLanes; ++c) best[c] = -FLT_MAX, where[c] = -1;
    for (std::int64_t h = rows.first(i); h < rows.last(i); ++h)
        for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
            const auto here = static_cast<std::int32_t>(h * columns.size + w);
            const float* pixel = in + here * channels;
            for (int c = 0; c < kLanes; ++c) {
                const bool greater = pixel[c] > best[c];
                where[c] = greater ? here : where[c];
                best[c] = greater ? pixel[c] : best[c];
            }
        }
    for (int c = 0; c < kLanes; ++c) out[c] = best[c], place[c] = where[c];
}

}  // namespace

DIGITS_KERNEL
void max_pool_items(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                    std::int64_t begin, std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    for (std::int64_t item = begin; item < end; ++item) {
        const float* in = x + item * rows.size * columns.size * channels;
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            for (std::int64_t j = 0; j < columns.outputs; ++j) {
                const std::int64_t offset = ((item * rows.outputs + i) * columns.outputs + j) * channels;
                std::int64_t c = 0;
                for (; c + 16 <= channels; c += 16)
                    max_of_channels<16>(in + c, rows, columns, i, j, channels, y + offset + c, mask + offset + c);
                for (; c < channels; ++c)
                    max_of_channels<1>(in + c, rows, columns, i, j, channels, y + offset + c, mask + offset + c);
            }
        }
    }
}

DIGITS_KERNEL
void max_pool_items_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                             std::int64_t channels, std::int64_t begin, std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    const std::int64_t inputs = rows.size * columns.size * channels;
    for (std::int64_t item = begin; item < end; ++item) {
        float* in = dx + item * inputs;
        std::fill(in, in + inputs, 0.0F);
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            for (std::int64_t j = 0; j < columns.outputs; ++j) {
                const std::int64_t offset = ((item * rows.outputs + i) * columns.outputs + j) * channels;
                const float* __restrict gradient = dy + offset;
                const std::int32_t* __restrict where = mask + offset;
                for (std::int64_t h = rows.first(i); h < rows.last(i); ++h) {
                    for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
                        const auto place = static_cast<std::int32_t>(h * columns.size + w);
                        float* __restrict pixel = in + place * channels;
                        for (std::int64_t c = 0; c < channels; ++c) pixel[c] += where[c] == place ? gradient[c] : 0.0F;
                    }
                }
            }
        }
    }
}

}  // namespace digits
