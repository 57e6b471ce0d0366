#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"
#include "kernels/pass.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// Depthwise convolution with square kernels of 3 or 5 pixels. Arrays are channels-last, (items, height, width,
/// channels), of T = float or Bf16. Weights, their gradient and the bias are float, (channels, kernel rows, kernel
/// columns).
struct DepthwiseShape {
    std::int64_t items = 0, height = 0, width = 0, channels = 0;
    std::int64_t kernel = 3, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0;  ///< paddings are less than the kernel

    std::int64_t out_height() const { return (height + 2 * pad_y - kernel) / stride_y + 1; }
    std::int64_t out_width() const { return (width + 2 * pad_x - kernel) / stride_x + 1; }
    std::int64_t lines_in() const { return items * height; }
    std::int64_t lines_out() const { return items * out_height(); }
    std::int64_t weights() const { return kernel * kernel * channels; }
};

/// Floats of workspace of a pass: the weights channels-last, or their gradient of each thread.
std::int64_t depthwise_workspace(const DepthwiseShape& shape, Pass pass, std::int64_t threads);

/// y = convolution of x, plus bias (nullptr: none), then ReLU if `relu`.
template <class T>
void depthwise_forward(const DepthwiseShape& shape, const T* x, const float* weight, const float* bias, bool relu, T* y,
                       float* workspace, const Threads& threads);
template <class T>
void depthwise_input_gradient(const DepthwiseShape& shape, const T* dy, const float* weight, T* dx, float* workspace,
                              const Threads& threads);
template <class T>
void depthwise_weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, float* workspace,
                               const Threads& threads);

}  // namespace digits
