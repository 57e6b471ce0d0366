#include "kernels/convolution/depthwise.hpp"

#include "kernels/convolution/depthwise_avx512.hpp"
#include "kernels/convolution/depthwise_passes.hpp"
#include "kernels/isa/processor.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

DIGITS_KERNEL void narrow_convolve(const DepthwiseShape& shape, const float* x, const float* w, const float* bias,
                                   bool rectify, float* y, std::int64_t begin, std::int64_t end) {
    depthwise_convolve_of<8>(shape, x, w, bias, rectify, y, begin, end);
}
DIGITS_KERNEL void narrow_convolve(const DepthwiseShape& shape, const Bf16* x, const float* w, const float* bias,
                                   bool rectify, Bf16* y, std::int64_t begin, std::int64_t end) {
    depthwise_convolve_of<8>(shape, x, w, bias, rectify, y, begin, end);
}
DIGITS_KERNEL void narrow_input_gradient(const DepthwiseShape& shape, const float* dy, const float* w, float* dx,
                                         std::int64_t begin, std::int64_t end) {
    depthwise_input_gradient_of<8>(shape, dy, w, dx, begin, end);
}
DIGITS_KERNEL void narrow_input_gradient(const DepthwiseShape& shape, const Bf16* dy, const float* w, Bf16* dx,
                                         std::int64_t begin, std::int64_t end) {
    depthwise_input_gradient_of<8>(shape, dy, w, dx, begin, end);
}
DIGITS_KERNEL void narrow_weight_gradient(const DepthwiseShape& shape, const float* x, const float* dy, float* dw,
                                          std::int64_t begin, std::int64_t end) {
    depthwise_weight_gradient_of<8>(shape, x, dy, dw, begin, end);
}
DIGITS_KERNEL void narrow_weight_gradient(const DepthwiseShape& shape, const Bf16* x, const Bf16* dy, float* dw,
                                          std::int64_t begin, std::int64_t end) {
    depthwise_weight_gradient_of<8>(shape, x, dy, dw, begin, end);
}

}  // namespace

template <class T>
void depthwise_convolve(const DepthwiseShape& shape, const T* x, const float* w, const float* bias, bool rectify, T* y,
                        std::int64_t begin, std::int64_t end) {
    has_wide_bf16() ? WideDepthwise<T>::convolve(shape, x, w, bias, rectify, y, begin, end)
                    : narrow_convolve(shape, x, w, bias, rectify, y, begin, end);
}
template <class T>
void depthwise_input_gradient(const DepthwiseShape& shape, const T* dy, const float* w, T* dx, std::int64_t begin,
                              std::int64_t end) {
    has_wide_bf16() ? WideDepthwise<T>::input_gradient(shape, dy, w, dx, begin, end)
                    : narrow_input_gradient(shape, dy, w, dx, begin, end);
}
template <class T>
void depthwise_weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, std::int64_t begin,
                               std::int64_t end) {
    has_wide_bf16() ? WideDepthwise<T>::weight_gradient(shape, x, dy, dw, begin, end)
                    : narrow_weight_gradient(shape, x, dy, dw, begin, end);
}

template void depthwise_convolve<float>(const DepthwiseShape&, const float*, const float*, const float*, bool, float*,
                                        std::int64_t, std::int64_t);
template void depthwise_convolve<Bf16>(const DepthwiseShape&, const Bf16*, const float*, const float*, bool, Bf16*,
                                       std::int64_t, std::int64_t);
template void depthwise_input_gradient<float>(const DepthwiseShape&, const float*, const float*, float*, std::int64_t,
                                              std::int64_t);
template void depthwise_input_gradient<Bf16>(const DepthwiseShape&, const Bf16*, const float*, Bf16*, std::int64_t,
                                             std::int64_t);
template void depthwise_weight_gradient<float>(const DepthwiseShape&, const float*, const float*, float*, std::int64_t,
                                               std::int64_t);
template void depthwise_weight_gradient<Bf16>(const DepthwiseShape&, const Bf16*, const Bf16*, float*, std::int64_t,
                                              std::int64_t);

}  // namespace digits
