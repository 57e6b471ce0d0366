#pragma once

#include "kernels/convolution/depthwise.hpp"

namespace digits {

/// The loops of depthwise.cpp over lines for AVX-512 with AVX512_BF16; a table as in channels_avx512.hpp. Weights are
/// (kernel rows, kernel columns, channels).
template <class T>
struct DepthwiseKernels {
    void (*forward)(const DepthwiseShape& shape, const T* x, const float* w, const float* bias, bool relu, T* y,
                    std::int64_t begin, std::int64_t end);
    void (*input_gradient)(const DepthwiseShape& shape, const T* dy, const float* w, T* dx, std::int64_t begin,
                           std::int64_t end);
    void (*weight_gradient)(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, std::int64_t begin,
                            std::int64_t end);
};

extern const DepthwiseKernels<float> kDepthwiseKernelsAvx512;
extern const DepthwiseKernels<Bf16> kDepthwiseKernelsAvx512Bf16;

inline const DepthwiseKernels<float>& depthwise_kernels_avx512(float) { return kDepthwiseKernelsAvx512; }
inline const DepthwiseKernels<Bf16>& depthwise_kernels_avx512(Bf16) { return kDepthwiseKernelsAvx512Bf16; }

}  // namespace digits
