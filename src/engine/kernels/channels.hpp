#pragma once

#include <cstdint>

namespace digits {

/// Passes over channels-last arrays: `rows` pixels of `channels` values. Sums are added to, in double precision.

/// sum += x.
void sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows);
/// sum += x − shift, squares += (x − shift)².
void sum_channel_squares(const float* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows);
/// y = factor · x + offset, negative values 0 with `rectify`.
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* y,
                    std::int64_t channels, std::int64_t rows);

/// What comes back through scale_channels(): g = dy where y was not made 0.
struct ScaledChannels {
    const float* x = nullptr;
    const float* factor = nullptr;
    const float* offset = nullptr;
    const float* mean = nullptr;
    bool rectify = false;
};
/// sum += g, product += g · (x − mean).
void sum_channel_gradients(const ScaledChannels& forward, const float* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows);
/// dx = factor · g − constant − slope · (x − mean).
void scale_channel_gradients(const ScaledChannels& forward, const float* dy, const float* constant, const float* slope,
                             float* dx, std::int64_t channels, std::int64_t rows);

/// g = dy where y > 0, else 0; sum += g.
void rectify_gradient(const float* dy, const float* y, float* g, double* sum, std::int64_t channels, std::int64_t rows);
/// dy (in place) and two copies of it, where y > 0, else 0.
void rectify_gradient_twice(float* dy, const float* y, float* first, float* second, std::int64_t count);

}  // namespace digits
