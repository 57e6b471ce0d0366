#include "kernels/convolution/depthwise_avx512.hpp"

#include "kernels/convolution/depthwise_passes.hpp"

// Compiled with the options for AVX512_BF16 (src/CMakeLists.txt).
namespace digits {
namespace {

template <class T>
constexpr DepthwiseKernels<T> make_kernels() {
    return {.forward = depthwise_forward_of<16, T>,
            .input_gradient = depthwise_input_gradient_of<16, T>,
            .weight_gradient = depthwise_weight_gradient_of<16, T>};
}

}  // namespace

constinit const DepthwiseKernels<float> kDepthwiseKernelsAvx512 = make_kernels<float>();
constinit const DepthwiseKernels<Bf16> kDepthwiseKernelsAvx512Bf16 = make_kernels<Bf16>();

}  // namespace digits
