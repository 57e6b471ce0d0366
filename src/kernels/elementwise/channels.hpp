#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Single-threaded passes over channels-last arrays: (rows, channels), where a row is a pixel. T is float or Bf16;
/// arithmetic is in fp32. Channel sums are added to, in double precision. `stream`: the result is written around the
/// caches where the processor can do that; for results that are larger than the caches. No kernel needs a workspace.

/// sum += x.
template <class T>
void sum_channels(const T* x, double* sum, std::int64_t channels, std::int64_t rows);
/// sum += x − shift, squares += (x − shift)².
template <class T>
void sum_channel_squares(const T* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows);
/// y = factor · x + offset, then ReLU if `relu`.
template <class T>
void scale_channels(const T* x, const float* factor, const float* offset, bool relu, T* y, std::int64_t channels,
                    std::int64_t rows, bool stream = false);

/// The operands of scale_channels() in a backward pass, where g = dy at values that ReLU let pass, else 0.
template <class T>
struct ScaledChannels {
    const T* x = nullptr;
    const float* factor = nullptr;
    const float* offset = nullptr;
    const float* mean = nullptr;
    bool relu = false;
};
/// sum += g, product += g · (x − mean).
template <class T>
void sum_channel_gradients(const ScaledChannels<T>& forward, const T* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows);
/// dx = factor · g − constant − slope · (x − mean).
template <class T>
void scale_channel_gradients(const ScaledChannels<T>& forward, const T* dy, const float* constant, const float* slope,
                             T* dx, std::int64_t channels, std::int64_t rows, bool stream = false);

/// g = dy where y > 0, else 0; sum += g.
template <class T>
void relu_gradient(const T* dy, const T* y, T* g, double* sum, std::int64_t channels, std::int64_t rows);
/// dy = dy where y > 0, else 0.
template <class T>
void relu_gradient_in_place(T* dy, const T* y, std::int64_t count);
/// y = a + b, then ReLU if `relu`.
template <class T>
void add_values(const T* a, const T* b, bool relu, T* y, std::int64_t count, bool stream = false);
/// dx = dy where low <= x <= high, else 0.
template <class T>
void clip_gradient(const T* dy, const T* x, float low, float high, T* dx, std::int64_t count);

}  // namespace digits
