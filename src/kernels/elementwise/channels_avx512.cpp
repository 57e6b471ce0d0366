#include "kernels/elementwise/channels_avx512.hpp"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "kernels/elementwise/channel_passes.hpp"

// Compiled with the options for AVX512_BF16 (src/CMakeLists.txt).
namespace digits {
namespace {

constexpr int kLanes = 16;

/// Orders streamed stores before what other threads read next.
inline void fence_streams(bool stream) {
#ifdef __AVX512BF16__
    if (stream) _mm_sfence();
#endif
    (void)stream;
}

/// Whether whole vectors are aligned as streamed stores need it.
template <class T>
inline bool can_stream(const T* y, std::int64_t channels) {
    return channels % kLanes == 0 && reinterpret_cast<std::uintptr_t>(y) % (kLanes * sizeof(T)) == 0;
}

template <class T>
void scale(const T* x, const float* factor, const float* offset, bool relu, T* y, std::int64_t channels,
           std::int64_t rows, bool stream) {
    const bool streams = stream && can_stream(y, channels);
    scale_channels_of<kLanes>(x, factor, offset, relu, y, channels, rows, streams);
    fence_streams(streams);
}

template <class T>
void scale_gradients(const ScaledChannels<T>& forward, const T* dy, const float* constant, const float* slope, T* dx,
                     std::int64_t channels, std::int64_t rows, bool stream) {
    const bool streams = stream && can_stream(dx, channels);
    scale_channel_gradients_of<kLanes>(forward, dy, constant, slope, dx, channels, rows, streams);
    fence_streams(streams);
}

template <class T>
void add(const T* a, const T* b, bool relu, T* y, std::int64_t count, bool stream) {
    // The values after the last whole vector are not streamed, so only the alignment of the first one matters.
    const bool streams = stream && can_stream(y, kLanes);
    add_values_of<kLanes>(a, b, relu, y, count, streams);
    fence_streams(streams);
}

template <class T>
constexpr ChannelKernels<T> make_kernels() {
    return {.sum = sum_channels_of<kLanes, T>,
            .sum_squares = sum_channel_squares_of<kLanes, T>,
            .scale = scale<T>,
            .sum_gradients = sum_channel_gradients_of<kLanes, T>,
            .scale_gradients = scale_gradients<T>,
            .relu_gradient = relu_gradient_of<kLanes, T>,
            .relu_gradient_in_place = relu_gradient_in_place_of<kLanes, T>,
            .add = add<T>,
            .clip = clip_gradient_of<kLanes, T>};
}

}  // namespace

constinit const ChannelKernels<float> kChannelKernelsAvx512 = make_kernels<float>();
constinit const ChannelKernels<Bf16> kChannelKernelsAvx512Bf16 = make_kernels<Bf16>();

}  // namespace digits
