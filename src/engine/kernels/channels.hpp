#pragma once

#include <cstdint>

#include "engine/kernels/bf16.hpp"

namespace digits {

/// Passes over channels-last arrays: `rows` pixels of `channels` values, floats or bf16. Sums are added to, in double
/// precision.

/// sum += x.
void sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows);
void sum_channels(const Bf16* x, double* sum, std::int64_t channels, std::int64_t rows);
/// sum += x − shift, squares += (x − shift)².
void sum_channel_squares(const float* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows);
void sum_channel_squares(const Bf16* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows);
/// y = factor · x + offset, negative values 0 with `rectify`.
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* y,
                    std::int64_t channels, std::int64_t rows);
void scale_channels(const Bf16* x, const float* factor, const float* offset, bool rectify, Bf16* y,
                    std::int64_t channels, std::int64_t rows);

/// What comes back through scale_channels(): g = dy where y was not made 0.
template <class T>
struct ScaledChannels {
    const T* x = nullptr;
    const float* factor = nullptr;
    const float* offset = nullptr;
    const float* mean = nullptr;
    bool rectify = false;
};
/// sum += g, product += g · (x − mean).
void sum_channel_gradients(const ScaledChannels<float>& forward, const float* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows);
void sum_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows);
/// dx = factor · g − constant − slope · (x − mean).
void scale_channel_gradients(const ScaledChannels<float>& forward, const float* dy, const float* constant,
                             const float* slope, float* dx, std::int64_t channels, std::int64_t rows);
void scale_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, const float* constant,
                             const float* slope, Bf16* dx, std::int64_t channels, std::int64_t rows);

/// g = dy where y > 0, else 0; sum += g.
void rectify_gradient(const float* dy, const float* y, float* g, double* sum, std::int64_t channels, std::int64_t rows);
void rectify_gradient(const Bf16* dy, const Bf16* y, Bf16* g, double* sum, std::int64_t channels, std::int64_t rows);
/// dy (in place) and a copy of it, where y > 0, else 0.
void rectify_gradient_and_copy(float* dy, const float* y, float* copy, std::int64_t count);
void rectify_gradient_and_copy(Bf16* dy, const Bf16* y, Bf16* copy, std::int64_t count);

}  // namespace digits
