#include "engine/kernels/max_pool.hpp"

#include <algorithm>
#include <cfloat>

#include "engine/kernels/simd.hpp"

namespace digits {

DIGITS_KERNEL
void max_pool_planes(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t begin,
                     std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    const std::int64_t width = columns.size, outputs = rows.outputs * columns.outputs;
    for (std::int64_t plane = begin; plane < end; ++plane) {
        const float* in = x + plane * rows.size * width;
        float* out = y + plane * outputs;
        std::int32_t* place = mask + plane * outputs;
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            for (std::int64_t j = 0; j < columns.outputs; ++j) {
                float best = -FLT_MAX;
                std::int32_t where = -1;
                for (std::int64_t h = rows.first(i); h < rows.last(i); ++h) {
                    for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
                        const float value = in[h * width + w];
                        if (value > best) {
                            best = value;
                            where = static_cast<std::int32_t>(h * width + w);
                        }
                    }
                }
                *out++ = best;
                *place++ = where;
            }
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

DIGITS_KERNEL
void max_pool_items(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                    std::int64_t begin, std::int64_t end) {
    const PoolingAxis rows = window.y, columns = window.x;
    for (std::int64_t item = begin; item < end; ++item) {
        const float* in = x + item * rows.size * columns.size * channels;
        for (std::int64_t i = 0; i < rows.outputs; ++i) {
            for (std::int64_t j = 0; j < columns.outputs; ++j) {
                const std::int64_t offset = ((item * rows.outputs + i) * columns.outputs + j) * channels;
                float* __restrict best = y + offset;
                std::int32_t* __restrict where = mask + offset;
                for (std::int64_t c = 0; c < channels; ++c) best[c] = -FLT_MAX, where[c] = -1;
                for (std::int64_t h = rows.first(i); h < rows.last(i); ++h) {
                    for (std::int64_t w = columns.first(j); w < columns.last(j); ++w) {
                        const auto place = static_cast<std::int32_t>(h * columns.size + w);
                        const float* __restrict pixel = in + place * channels;
                        for (std::int64_t c = 0; c < channels; ++c) {
                            const bool greater = pixel[c] > best[c];
                            where[c] = greater ? place : where[c];
                            best[c] = greater ? pixel[c] : best[c];
                        }
                    }
                }
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
