#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

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
/// y = factor · x + offset, negative values 0 with `rectify`. `stream`: where that can be done, y is written around the
/// caches, which is for what they cannot hold until it is read.
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* y,
                    std::int64_t channels, std::int64_t rows, bool stream = false);
void scale_channels(const Bf16* x, const float* factor, const float* offset, bool rectify, Bf16* y,
                    std::int64_t channels, std::int64_t rows, bool stream = false);

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
                             const float* slope, float* dx, std::int64_t channels, std::int64_t rows,
                             bool stream = false);
void scale_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, const float* constant,
                             const float* slope, Bf16* dx, std::int64_t channels, std::int64_t rows,
                             bool stream = false);

/// g = dy where y > 0, else 0; sum += g.
void rectify_gradient(const float* dy, const float* y, float* g, double* sum, std::int64_t channels, std::int64_t rows);
void rectify_gradient(const Bf16* dy, const Bf16* y, Bf16* g, double* sum, std::int64_t channels, std::int64_t rows);
/// In place: dy where y > 0, else 0.
void rectify_values(float* dy, const float* y, std::int64_t count);
void rectify_values(Bf16* dy, const Bf16* y, std::int64_t count);
/// y = a + b, negative values 0 with `rectify`. For `stream`, see scale_channels().
void add_values(const float* a, const float* b, bool rectify, float* y, std::int64_t count, bool stream = false);
void add_values(const Bf16* a, const Bf16* b, bool rectify, Bf16* y, std::int64_t count, bool stream = false);
/// dx = dy where low <= x <= high, else 0.
void clip_gradient(const float* dy, const float* x, float low, float high, float* dx, std::int64_t count);
void clip_gradient(const Bf16* dy, const Bf16* x, float low, float high, Bf16* dx, std::int64_t count);

}  // namespace digits
