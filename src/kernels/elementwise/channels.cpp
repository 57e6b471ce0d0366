#include "kernels/elementwise/channels.hpp"

#include "kernels/elementwise/channel_passes.hpp"
#include "kernels/elementwise/channels_avx512.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// Lanes of the kernels below AVX512_BF16: one vector of AVX2, two of SSE2.
constexpr int kLanes = 8;

}  // namespace

template <class T>
void sum_channels(const T* x, double* sum, std::int64_t channels, std::int64_t rows) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).sum(x, sum, channels, rows);
    dispatch([&]() DIGITS_INLINE_LAMBDA { sum_channels_of<kLanes>(x, sum, channels, rows); });
}
template <class T>
void sum_channel_squares(const T* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                         std::int64_t rows) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).sum_squares(x, shift, sum, squares, channels, rows);
    dispatch([&]() DIGITS_INLINE_LAMBDA { sum_channel_squares_of<kLanes>(x, shift, sum, squares, channels, rows); });
}
template <class T>
void scale_channels(const T* x, const float* factor, const float* offset, bool relu, T* y, std::int64_t channels,
                    std::int64_t rows, bool stream) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).scale(x, factor, offset, relu, y, channels, rows, stream);
    dispatch(
        [&]() DIGITS_INLINE_LAMBDA { scale_channels_of<kLanes>(x, factor, offset, relu, y, channels, rows, false); });
}
template <class T>
void sum_channel_gradients(const ScaledChannels<T>& forward, const T* dy, double* sum, double* product,
                           std::int64_t channels, std::int64_t rows) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).sum_gradients(forward, dy, sum, product, channels, rows);
    dispatch([&]()
                 DIGITS_INLINE_LAMBDA { sum_channel_gradients_of<kLanes>(forward, dy, sum, product, channels, rows); });
}
template <class T>
void scale_channel_gradients(const ScaledChannels<T>& forward, const T* dy, const float* constant, const float* slope,
                             T* dx, std::int64_t channels, std::int64_t rows, bool stream) {
    if (has_avx512_bf16())
        return channel_kernels_avx512(T{}).scale_gradients(forward, dy, constant, slope, dx, channels, rows, stream);
    dispatch([&]() DIGITS_INLINE_LAMBDA {
        scale_channel_gradients_of<kLanes>(forward, dy, constant, slope, dx, channels, rows, false);
    });
}
template <class T>
void relu_gradient(const T* dy, const T* y, T* g, double* sum, std::int64_t channels, std::int64_t rows) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).relu_gradient(dy, y, g, sum, channels, rows);
    dispatch([&]() DIGITS_INLINE_LAMBDA { relu_gradient_of<kLanes>(dy, y, g, sum, channels, rows); });
}
template <class T>
void relu_gradient_in_place(T* dy, const T* y, std::int64_t count) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).relu_gradient_in_place(dy, y, count);
    dispatch([&]() DIGITS_INLINE_LAMBDA { relu_gradient_in_place_of<kLanes>(dy, y, count); });
}
template <class T>
void add_values(const T* a, const T* b, bool relu, T* y, std::int64_t count, bool stream) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).add(a, b, relu, y, count, stream);
    dispatch([&]() DIGITS_INLINE_LAMBDA { add_values_of<kLanes>(a, b, relu, y, count, false); });
}
template <class T>
void clip_gradient(const T* dy, const T* x, float low, float high, T* dx, std::int64_t count) {
    if (has_avx512_bf16()) return channel_kernels_avx512(T{}).clip(dy, x, low, high, dx, count);
    dispatch([&]() DIGITS_INLINE_LAMBDA { clip_gradient_of<kLanes>(dy, x, low, high, dx, count); });
}

template void sum_channels(const float*, double*, std::int64_t, std::int64_t);
template void sum_channels(const Bf16*, double*, std::int64_t, std::int64_t);
template void sum_channel_squares(const float*, const float*, double*, double*, std::int64_t, std::int64_t);
template void sum_channel_squares(const Bf16*, const float*, double*, double*, std::int64_t, std::int64_t);
template void scale_channels(const float*, const float*, const float*, bool, float*, std::int64_t, std::int64_t, bool);
template void scale_channels(const Bf16*, const float*, const float*, bool, Bf16*, std::int64_t, std::int64_t, bool);
template void sum_channel_gradients(const ScaledChannels<float>&, const float*, double*, double*, std::int64_t,
                                    std::int64_t);
template void sum_channel_gradients(const ScaledChannels<Bf16>&, const Bf16*, double*, double*, std::int64_t,
                                    std::int64_t);
template void scale_channel_gradients(const ScaledChannels<float>&, const float*, const float*, const float*, float*,
                                      std::int64_t, std::int64_t, bool);
template void scale_channel_gradients(const ScaledChannels<Bf16>&, const Bf16*, const float*, const float*, Bf16*,
                                      std::int64_t, std::int64_t, bool);
template void relu_gradient(const float*, const float*, float*, double*, std::int64_t, std::int64_t);
template void relu_gradient(const Bf16*, const Bf16*, Bf16*, double*, std::int64_t, std::int64_t);
template void relu_gradient_in_place(float*, const float*, std::int64_t);
template void relu_gradient_in_place(Bf16*, const Bf16*, std::int64_t);
template void add_values(const float*, const float*, bool, float*, std::int64_t, bool);
template void add_values(const Bf16*, const Bf16*, bool, Bf16*, std::int64_t, bool);
template void clip_gradient(const float*, const float*, float, float, float*, std::int64_t);
template void clip_gradient(const Bf16*, const Bf16*, float, float, Bf16*, std::int64_t);

}  // namespace digits
