#include "engine/kernels/channels.hpp"

#include <algorithm>
#include <vector>

#include "engine/kernels/simd.hpp"

namespace digits {
namespace {

/// So many rows are summed in single precision before the sum goes on in double.
constexpr std::int64_t kRows = 64;

DIGITS_KERNEL_INLINE void flush(std::vector<float>& part, double* sum, std::int64_t channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
        sum[c] += static_cast<double>(part[static_cast<std::size_t>(c)]);
        part[static_cast<std::size_t>(c)] = 0;
    }
}

}  // namespace

DIGITS_KERNEL
void sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels)
            for (std::int64_t c = 0; c < channels; ++c) s[c] += x[c];
        flush(sums, sum, channels);
    }
}

DIGITS_KERNEL
void sum_channel_squares(const float* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F), square_sums(sums);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        float* __restrict q = square_sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                const float v = x[c] - shift[c];
                s[c] += v;
                q[c] += v * v;
            }
        flush(sums, sum, channels);
        flush(square_sums, squares, channels);
    }
}

DIGITS_KERNEL
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* __restrict y,
                    std::int64_t channels, std::int64_t rows) {
    const float least = rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels)
        for (std::int64_t c = 0; c < channels; ++c) {
            const float v = factor[c] * x[c] + offset[c];
            // So that NaN stays NaN.
            y[c] = v < least ? least : v;
        }
}

DIGITS_KERNEL
void sum_channel_gradients(const ScaledChannels& forward, const float* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F), products(sums);
    const float* x = forward.x;
    const float *factor = forward.factor, *offset = forward.offset, *mean = forward.mean;
    const float least = forward.rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        float* __restrict p = products.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels, dy += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                const float g = factor[c] * x[c] + offset[c] > least ? dy[c] : 0.0F;
                s[c] += g;
                p[c] += g * (x[c] - mean[c]);
            }
        flush(sums, sum, channels);
        flush(products, product, channels);
    }
}

DIGITS_KERNEL
void scale_channel_gradients(const ScaledChannels& forward, const float* dy, const float* constant, const float* slope,
                             float* __restrict dx, std::int64_t channels, std::int64_t rows) {
    const float* x = forward.x;
    const float *factor = forward.factor, *offset = forward.offset, *mean = forward.mean;
    const float least = forward.rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t row = 0; row < rows; ++row, x += channels, dy += channels, dx += channels)
        for (std::int64_t c = 0; c < channels; ++c) {
            const float g = factor[c] * x[c] + offset[c] > least ? dy[c] : 0.0F;
            dx[c] = factor[c] * g - constant[c] - slope[c] * (x[c] - mean[c]);
        }
}

DIGITS_KERNEL
void rectify_gradient(const float* dy, const float* y, float* __restrict g, double* sum, std::int64_t channels,
                      std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows);
             ++row, dy += channels, y += channels, g += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                const float v = y[c] > 0 ? dy[c] : 0.0F;
                g[c] = v;
                s[c] += v;
            }
        flush(sums, sum, channels);
    }
}

DIGITS_KERNEL
void rectify_gradient_twice(float* __restrict dy, const float* __restrict y, float* __restrict first,
                            float* __restrict second, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const float v = y[i] > 0 ? dy[i] : 0.0F;
        dy[i] = v;
        first[i] = v;
        second[i] = v;
    }
}

}  // namespace digits
