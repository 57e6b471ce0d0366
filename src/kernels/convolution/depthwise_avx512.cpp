#include "kernels/convolution/depthwise_avx512.hpp"

#include "kernels/convolution/depthwise_passes.hpp"

// Compiled for AVX-512 with its instructions for bf16 (CMakeLists.txt).
namespace digits {

template <class T>
void WideDepthwise<T>::convolve(const DepthwiseShape& shape, const T* x, const float* w, const float* bias,
                                bool rectify, T* y, std::int64_t begin, std::int64_t end) {
    depthwise_convolve_of<16>(shape, x, w, bias, rectify, y, begin, end);
}
template <class T>
void WideDepthwise<T>::input_gradient(const DepthwiseShape& shape, const T* dy, const float* w, T* dx,
                                      std::int64_t begin, std::int64_t end) {
    depthwise_input_gradient_of<16>(shape, dy, w, dx, begin, end);
}
template <class T>
void WideDepthwise<T>::weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw,
                                       std::int64_t begin, std::int64_t end) {
    depthwise_weight_gradient_of<16>(shape, x, dy, dw, begin, end);
}

template struct WideDepthwise<float>;
template struct WideDepthwise<Bf16>;

}  // namespace digits
