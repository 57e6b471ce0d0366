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

template <class T>
DIGITS_KERNEL_INLINE void sum_channels_of(const T* x, double* sum, std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels)
            for (std::int64_t c = 0; c < channels; ++c) s[c] += load(x[c]);
        flush(sums, sum, channels);
    }
}

template <class T>
DIGITS_KERNEL_INLINE void sum_channel_squares_of(const T* x, const float* shift, double* sum, double* squares,
                                                 std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F), square_sums(sums);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        float* __restrict q = square_sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                const float v = load(x[c]) - shift[c];
                s[c] += v;
                q[c] += v * v;
            }
        flush(sums, sum, channels);
        flush(square_sums, squares, channels);
    }
}

template <class T>
DIGITS_KERNEL_INLINE void scale_channels_of(const T* x, const float* factor, const float* offset, bool rectify,
                                            T* __restrict y, std::int64_t channels, std::int64_t rows) {
    const float least = rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels)
        for (std::int64_t c = 0; c < channels; ++c) {
            const float v = factor[c] * load(x[c]) + offset[c];
            // So that NaN stays NaN.
            store(y[c], v < least ? least : v);
        }
}

template <class T>
DIGITS_KERNEL_INLINE void sum_channel_gradients_of(const ScaledChannels<T>& forward, const T* dy, double* sum,
                                                   double* product, std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F), products(sums);
    const T* x = forward.x;
    const float *factor = forward.factor, *offset = forward.offset, *mean = forward.mean;
    const float least = forward.rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        float* __restrict p = products.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows); ++row, x += channels, dy += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                // Loaded in any case, or the loop would not become vector code.
                const float all = load(dy[c]), g = factor[c] * load(x[c]) + offset[c] > least ? all : 0.0F;
                s[c] += g;
                p[c] += g * (load(x[c]) - mean[c]);
            }
        flush(sums, sum, channels);
        flush(products, product, channels);
    }
}

template <class T>
DIGITS_KERNEL_INLINE void scale_channel_gradients_of(const ScaledChannels<T>& forward, const T* dy,
                                                     const float* constant, const float* slope, T* __restrict dx,
                                                     std::int64_t channels, std::int64_t rows) {
    const T* x = forward.x;
    const float *factor = forward.factor, *offset = forward.offset, *mean = forward.mean;
    const float least = forward.rectify ? 0.0F : -__builtin_inff();
    for (std::int64_t row = 0; row < rows; ++row, x += channels, dy += channels, dx += channels)
        for (std::int64_t c = 0; c < channels; ++c) {
            const float all = load(dy[c]), g = factor[c] * load(x[c]) + offset[c] > least ? all : 0.0F;
            store(dx[c], factor[c] * g - constant[c] - slope[c] * (load(x[c]) - mean[c]));
        }
}

template <class T>
DIGITS_KERNEL_INLINE void rectify_gradient_of(const T* dy, const T* y, T* __restrict g, double* sum,
                                              std::int64_t channels, std::int64_t rows) {
    std::vector<float> sums(static_cast<std::size_t>(channels), 0.0F);
    for (std::int64_t first = 0; first < rows; first += kRows) {
        float* __restrict s = sums.data();
        for (std::int64_t row = first; row < std::min(rows, first + kRows);
             ++row, dy += channels, y += channels, g += channels)
            for (std::int64_t c = 0; c < channels; ++c) {
                const float all = load(dy[c]), v = load(y[c]) > 0 ? all : 0.0F;
                store(g[c], v);
                s[c] += v;
            }
        flush(sums, sum, channels);
    }
}

template <class T>
DIGITS_KERNEL_INLINE void rectify_gradient_and_copy_of(T* __restrict dy, const T* __restrict y, T* __restrict copy,
                                                       std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const float v = load(y[i]) > 0 ? load(dy[i]) : 0.0F;
        store(dy[i], v);
        store(copy[i], v);
    }
}

}  // namespace

DIGITS_KERNEL
void sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_channels_of(x, sum, channels, rows);
}
DIGITS_KERNEL
void sum_channels(const Bf16* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_channels_of(x, sum, channels, rows);
}
DIGITS_KERNEL
void sum_channel_squares(const float* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    sum_channel_squares_of(x, shift, sum, squares, channels, rows);
}
DIGITS_KERNEL
void sum_channel_squares(const Bf16* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    sum_channel_squares_of(x, shift, sum, squares, channels, rows);
}
DIGITS_KERNEL
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* y,
                    std::int64_t channels, std::int64_t rows) {
    scale_channels_of(x, factor, offset, rectify, y, channels, rows);
}
DIGITS_KERNEL
void scale_channels(const Bf16* x, const float* factor, const float* offset, bool rectify, Bf16* y,
                    std::int64_t channels, std::int64_t rows) {
    scale_channels_of(x, factor, offset, rectify, y, channels, rows);
}
DIGITS_KERNEL
void sum_channel_gradients(const ScaledChannels<float>& forward, const float* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    sum_channel_gradients_of(forward, dy, sum, product, channels, rows);
}
DIGITS_KERNEL
void sum_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    sum_channel_gradients_of(forward, dy, sum, product, channels, rows);
}
DIGITS_KERNEL
void scale_channel_gradients(const ScaledChannels<float>& forward, const float* dy, const float* constant,
                             const float* slope, float* dx, std::int64_t channels, std::int64_t rows) {
    scale_channel_gradients_of(forward, dy, constant, slope, dx, channels, rows);
}
DIGITS_KERNEL
void scale_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, const float* constant,
                             const float* slope, Bf16* dx, std::int64_t channels, std::int64_t rows) {
    scale_channel_gradients_of(forward, dy, constant, slope, dx, channels, rows);
}
DIGITS_KERNEL
void rectify_gradient(const float* dy, const float* y, float* g, double* sum, std::int64_t channels,
                      std::int64_t rows) {
    rectify_gradient_of(dy, y, g, sum, channels, rows);
}
DIGITS_KERNEL
void rectify_gradient(const Bf16* dy, const Bf16* y, Bf16* g, double* sum, std::int64_t channels, std::int64_t rows) {
    rectify_gradient_of(dy, y, g, sum, channels, rows);
}
DIGITS_KERNEL
void rectify_gradient_and_copy(float* dy, const float* y, float* copy, std::int64_t count) {
    rectify_gradient_and_copy_of(dy, y, copy, count);
}
DIGITS_KERNEL
void rectify_gradient_and_copy(Bf16* dy, const Bf16* y, Bf16* copy, std::int64_t count) {
    rectify_gradient_and_copy_of(dy, y, copy, count);
}

}  // namespace digits
