#pragma once

#include <cstdint>

#include "kernels/convolution/depthwise.hpp"

namespace digits {

/// The passes of depthwise.hpp for processors with AVX-512 and its instructions for bf16.
template <class T>
struct WideDepthwise {
    static void convolve(const DepthwiseShape& shape, const T* x, const float* w, const float* bias, bool rectify, T* y,
                         std::int64_t begin, std::int64_t end);
    static void input_gradient(const DepthwiseShape& shape, const T* dy, const float* w, T* dx, std::int64_t begin,
                               std::int64_t end);
    static void weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, std::int64_t begin,
                                std::int64_t end);
};

extern template struct WideDepthwise<float>;
extern template struct WideDepthwise<Bf16>;

}  // namespace digits
