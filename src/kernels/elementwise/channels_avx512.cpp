#include "kernels/elementwise/channels_avx512.hpp"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "kernels/elementwise/channel_passes.hpp"

// Compiled for AVX-512 with its instructions for bf16 (CMakeLists.txt).
namespace digits {
namespace {

constexpr int kLanes = 16;

/// Stores around the caches are seen by other threads behind this.
inline void finish_streams(bool stream) {
#ifdef __AVX512BF16__
    if (stream) _mm_sfence();
#endif
    (void)stream;
}

/// Whether whole vectors lie on boundaries that such stores want.
template <class T>
inline bool can_stream(const T* y, std::int64_t channels) {
    return channels % kLanes == 0 && reinterpret_cast<std::uintptr_t>(y) % (kLanes * sizeof(T)) == 0;
}

}  // namespace

template <class T>
void WidePasses<T>::sum(const T* x, double* sum, std::int64_t channels, std::int64_t rows) {
    sum_channels_of<kLanes>(x, sum, channels, rows);
}
template <class T>
void WidePasses<T>::sum_squares(const T* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                                std::int64_t rows) {
    sum_channel_squares_of<kLanes>(x, shift, sum, squares, channels, rows);
}
template <class T>
void WidePasses<T>::scale(const T* x, const float* factor, const float* offset, bool rectify, T* y,
                          std::int64_t channels, std::int64_t rows, bool stream) {
    const bool streams = stream && can_stream(y, channels);
    scale_channels_of<kLanes>(x, factor, offset, rectify, y, channels, rows, streams);
    finish_streams(streams);
}
template <class T>
void WidePasses<T>::sum_gradients(const ScaledChannels<T>& forward, const T* dy, double* sum, double* product,
                                  std::int64_t channels, std::int64_t rows) {
    sum_channel_gradients_of<kLanes>(forward, dy, sum, product, channels, rows);
}
template <class T>
void WidePasses<T>::scale_gradients(const ScaledChannels<T>& forward, const T* dy, const float* constant,
                                    const float* slope, T* dx, std::int64_t channels, std::int64_t rows, bool stream) {
    const bool streams = stream && can_stream(dx, channels);
    scale_channel_gradients_of<kLanes>(forward, dy, constant, slope, dx, channels, rows, streams);
    finish_streams(streams);
}
template <class T>
void WidePasses<T>::rectify(const T* dy, const T* y, T* g, double* sum, std::int64_t channels, std::int64_t rows) {
    rectify_gradient_of<kLanes>(dy, y, g, sum, channels, rows);
}
template <class T>
void WidePasses<T>::rectify_in_place(T* dy, const T* y, std::int64_t count) {
    rectify_values_of<kLanes>(dy, y, count);
}
template <class T>
void WidePasses<T>::add(const T* a, const T* b, bool rectify, T* y, std::int64_t count, bool stream) {
    // What is left over goes value by value, so only the beginning counts.
    const bool streams = stream && can_stream(y, kLanes);
    add_values_of<kLanes>(a, b, rectify, y, count, streams);
    finish_streams(streams);
}
template <class T>
void WidePasses<T>::clip(const T* dy, const T* x, float low, float high, T* dx, std::int64_t count) {
    clip_gradient_of<kLanes>(dy, x, low, high, dx, count);
}

template struct WidePasses<float>;
template struct WidePasses<Bf16>;

}  // namespace digits
