#pragma once

#include <cstdint>

#include "kernels/elementwise/channels.hpp"

namespace digits {

/// The kernels of channels.hpp for AVX-512 with AVX512_BF16. A table, so that the object file that has them defines no
/// function that another file could link to.
template <class T>
struct ChannelKernels {
    decltype(&sum_channels<T>) sum;
    decltype(&sum_channel_squares<T>) sum_squares;
    decltype(&scale_channels<T>) scale;
    decltype(&sum_channel_gradients<T>) sum_gradients;
    decltype(&scale_channel_gradients<T>) scale_gradients;
    decltype(&relu_gradient<T>) relu_gradient;
    decltype(&relu_gradient_in_place<T>) relu_gradient_in_place;
    decltype(&add_values<T>) add;
    decltype(&clip_gradient<T>) clip;
};

extern const ChannelKernels<float> kChannelKernelsAvx512;
extern const ChannelKernels<Bf16> kChannelKernelsAvx512Bf16;

inline const ChannelKernels<float>& channel_kernels_avx512(float) { return kChannelKernelsAvx512; }
inline const ChannelKernels<Bf16>& channel_kernels_avx512(Bf16) { return kChannelKernelsAvx512Bf16; }

}  // namespace digits
