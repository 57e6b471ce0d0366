#include "kernels/elementwise/channels.hpp"

#include "kernels/elementwise/channel_passes.hpp"
#include "kernels/elementwise/channels_avx512.hpp"
#include "kernels/isa/processor.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// For processors without AVX-512 for bf16: each has vectors of its own width, out of these eight.
constexpr int kLanes = 8;

DIGITS_KERNEL void narrow_sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_channels_of<kLanes>(x, sum, channels, rows);
}
DIGITS_KERNEL void narrow_sum_channels(const Bf16* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_channels_of<kLanes>(x, sum, channels, rows);
}
DIGITS_KERNEL void narrow_sum_channel_squares(const float* x, const float* shift, double* sum, double* squares,
                                              std::int64_t channels, std::int64_t rows) {
    sum_channel_squares_of<kLanes>(x, shift, sum, squares, channels, rows);
}
DIGITS_KERNEL void narrow_sum_channel_squares(const Bf16* x, const float* shift, double* sum, double* squares,
                                              std::int64_t channels, std::int64_t rows) {
    sum_channel_squares_of<kLanes>(x, shift, sum, squares, channels, rows);
}
DIGITS_KERNEL void narrow_scale_channels(const float* x, const float* factor, const float* offset, bool rectify,
                                         float* y, std::int64_t channels, std::int64_t rows) {
    scale_channels_of<kLanes>(x, factor, offset, rectify, y, channels, rows, false);
}
DIGITS_KERNEL void narrow_scale_channels(const Bf16* x, const float* factor, const float* offset, bool rectify, Bf16* y,
                                         std::int64_t channels, std::int64_t rows) {
    scale_channels_of<kLanes>(x, factor, offset, rectify, y, channels, rows, false);
}
DIGITS_KERNEL void narrow_sum_channel_gradients(const ScaledChannels<float>& forward, const float* dy, double* sum,
                                                double* product, std::int64_t channels, std::int64_t rows) {
    sum_channel_gradients_of<kLanes>(forward, dy, sum, product, channels, rows);
}
DIGITS_KERNEL void narrow_sum_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, double* sum,
                                                double* product, std::int64_t channels, std::int64_t rows) {
    sum_channel_gradients_of<kLanes>(forward, dy, sum, product, channels, rows);
}
DIGITS_KERNEL void narrow_scale_channel_gradients(const ScaledChannels<float>& forward, const float* dy,
                                                  const float* constant, const float* slope, float* dx,
                                                  std::int64_t channels, std::int64_t rows) {
    scale_channel_gradients_of<kLanes>(forward, dy, constant, slope, dx, channels, rows, false);
}
DIGITS_KERNEL void narrow_scale_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy,
                                                  const float* constant, const float* slope, Bf16* dx,
                                                  std::int64_t channels, std::int64_t rows) {
    scale_channel_gradients_of<kLanes>(forward, dy, constant, slope, dx, channels, rows, false);
}
DIGITS_KERNEL void narrow_rectify_gradient(const float* dy, const float* y, float* g, double* sum,
                                           std::int64_t channels, std::int64_t rows) {
    rectify_gradient_of<kLanes>(dy, y, g, sum, channels, rows);
}
DIGITS_KERNEL void narrow_rectify_gradient(const Bf16* dy, const Bf16* y, Bf16* g, double* sum, std::int64_t channels,
                                           std::int64_t rows) {
    rectify_gradient_of<kLanes>(dy, y, g, sum, channels, rows);
}

DIGITS_KERNEL void narrow_clip_gradient(const float* dy, const float* x, float low, float high, float* dx,
                                        std::int64_t count) {
    clip_gradient_of<kLanes>(dy, x, low, high, dx, count);
}
DIGITS_KERNEL void narrow_clip_gradient(const Bf16* dy, const Bf16* x, float low, float high, Bf16* dx,
                                        std::int64_t count) {
    clip_gradient_of<kLanes>(dy, x, low, high, dx, count);
}

DIGITS_KERNEL void narrow_rectify_values(float* dy, const float* y, std::int64_t count) {
    rectify_values_of<kLanes>(dy, y, count);
}
DIGITS_KERNEL void narrow_add_values(const float* a, const float* b, bool rectify, float* y, std::int64_t count) {
    add_values_of<kLanes>(a, b, rectify, y, count, false);
}
DIGITS_KERNEL void narrow_rectify_values(Bf16* dy, const Bf16* y, std::int64_t count) {
    rectify_values_of<kLanes>(dy, y, count);
}
DIGITS_KERNEL void narrow_add_values(const Bf16* a, const Bf16* b, bool rectify, Bf16* y, std::int64_t count) {
    add_values_of<kLanes>(a, b, rectify, y, count, false);
}

}  // namespace

void sum_channels(const float* x, double* sum, std::int64_t channels, std::int64_t rows) {
    has_wide_bf16() ? WidePasses<float>::sum(x, sum, channels, rows) : narrow_sum_channels(x, sum, channels, rows);
}
void sum_channels(const Bf16* x, double* sum, std::int64_t channels, std::int64_t rows) {
    has_wide_bf16() ? WidePasses<Bf16>::sum(x, sum, channels, rows) : narrow_sum_channels(x, sum, channels, rows);
}
void sum_channel_squares(const float* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    has_wide_bf16() ? WidePasses<float>::sum_squares(x, shift, sum, squares, channels, rows)
                    : narrow_sum_channel_squares(x, shift, sum, squares, channels, rows);
}
void sum_channel_squares(const Bf16* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    has_wide_bf16() ? WidePasses<Bf16>::sum_squares(x, shift, sum, squares, channels, rows)
                    : narrow_sum_channel_squares(x, shift, sum, squares, channels, rows);
}
void scale_channels(const float* x, const float* factor, const float* offset, bool rectify, float* y,
                    std::int64_t channels, std::int64_t rows, bool stream) {
    has_wide_bf16() ? WidePasses<float>::scale(x, factor, offset, rectify, y, channels, rows, stream)
                    : narrow_scale_channels(x, factor, offset, rectify, y, channels, rows);
}
void scale_channels(const Bf16* x, const float* factor, const float* offset, bool rectify, Bf16* y,
                    std::int64_t channels, std::int64_t rows, bool stream) {
    has_wide_bf16() ? WidePasses<Bf16>::scale(x, factor, offset, rectify, y, channels, rows, stream)
                    : narrow_scale_channels(x, factor, offset, rectify, y, channels, rows);
}
void sum_channel_gradients(const ScaledChannels<float>& forward, const float* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    has_wide_bf16() ? WidePasses<float>::sum_gradients(forward, dy, sum, product, channels, rows)
                    : narrow_sum_channel_gradients(forward, dy, sum, product, channels, rows);
}
void sum_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    has_wide_bf16() ? WidePasses<Bf16>::sum_gradients(forward, dy, sum, product, channels, rows)
                    : narrow_sum_channel_gradients(forward, dy, sum, product, channels, rows);
}
void scale_channel_gradients(const ScaledChannels<float>& forward, const float* dy, const float* constant,
                             const float* slope, float* dx, std::int64_t channels, std::int64_t rows, bool stream) {
    has_wide_bf16() ? WidePasses<float>::scale_gradients(forward, dy, constant, slope, dx, channels, rows, stream)
                    : narrow_scale_channel_gradients(forward, dy, constant, slope, dx, channels, rows);
}
void scale_channel_gradients(const ScaledChannels<Bf16>& forward, const Bf16* dy, const float* constant,
                             const float* slope, Bf16* dx, std::int64_t channels, std::int64_t rows, bool stream) {
    has_wide_bf16() ? WidePasses<Bf16>::scale_gradients(forward, dy, constant, slope, dx, channels, rows, stream)
                    : narrow_scale_channel_gradients(forward, dy, constant, slope, dx, channels, rows);
}
void rectify_gradient(const float* dy, const float* y, float* g, double* sum, std::int64_t channels,
                      std::int64_t rows) {
    has_wide_bf16() ? WidePasses<float>::rectify(dy, y, g, sum, channels, rows)
                    : narrow_rectify_gradient(dy, y, g, sum, channels, rows);
}
void rectify_gradient(const Bf16* dy, const Bf16* y, Bf16* g, double* sum, std::int64_t channels, std::int64_t rows) {
    has_wide_bf16() ? WidePasses<Bf16>::rectify(dy, y, g, sum, channels, rows)
                    : narrow_rectify_gradient(dy, y, g, sum, channels, rows);
}
void clip_gradient(const float* dy, const float* x, float low, float high, float* dx, std::int64_t count) {
    has_wide_bf16() ? WidePasses<float>::clip(dy, x, low, high, dx, count)
                    : narrow_clip_gradient(dy, x, low, high, dx, count);
}
void clip_gradient(const Bf16* dy, const Bf16* x, float low, float high, Bf16* dx, std::int64_t count) {
    has_wide_bf16() ? WidePasses<Bf16>::clip(dy, x, low, high, dx, count)
                    : narrow_clip_gradient(dy, x, low, high, dx, count);
}
void rectify_values(float* dy, const float* y, std::int64_t count) {
    has_wide_bf16() ? WidePasses<float>::rectify_in_place(dy, y, count) : narrow_rectify_values(dy, y, count);
}
void add_values(const float* a, const float* b, bool rectify, float* y, std::int64_t count, bool stream) {
    has_wide_bf16() ? WidePasses<float>::add(a, b, rectify, y, count, stream)
                    : narrow_add_values(a, b, rectify, y, count);
}
void rectify_values(Bf16* dy, const Bf16* y, std::int64_t count) {
    has_wide_bf16() ? WidePasses<Bf16>::rectify_in_place(dy, y, count) : narrow_rectify_values(dy, y, count);
}
void add_values(const Bf16* a, const Bf16* b, bool rectify, Bf16* y, std::int64_t count, bool stream) {
    has_wide_bf16() ? WidePasses<Bf16>::add(a, b, rectify, y, count, stream)
                    : narrow_add_values(a, b, rectify, y, count);
}

}  // namespace digits
