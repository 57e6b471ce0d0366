#pragma once

#include <cstdint>

#include "kernels/pass.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// Convolution as im2col + GEMM, a block of output pixels at a time: the pixels under the kernel are one row, (kernel
/// row, kernel column, channel), and the rows of a block stay in the cache. For kernels that Winograd (winograd.hpp)
/// does not support: other sizes, strides, few channels. In fp32; arrays are channels-last, (items, height, width,
/// channels); weights are (outputs, channels, kernel rows, kernel columns). The processor must have AVX2.
struct Im2colShape {
    std::int64_t items = 0, height = 0, width = 0, channels = 0;
    std::int64_t out_height = 0, out_width = 0, outputs = 0;
    std::int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0;

    /// The inner dimension of the GEMM.
    std::int64_t depth() const { return kernel_y * kernel_x * channels; }
    std::int64_t item_pixels() const { return out_height * out_width; }
    std::int64_t pixels() const { return items * item_pixels(); }
};

/// Floats of workspace of a pass: packed weights, and im2col rows and sums of each thread.
std::int64_t im2col_workspace(const Im2colShape& shape, Pass pass, std::int64_t threads);

/// y = convolution of x, plus bias (nullptr: none), then ReLU if `relu`.
void im2col_forward(const Im2colShape& shape, const float* x, const float* weight, const float* bias, bool relu,
                    float* y, float* workspace, const Threads& threads);
void im2col_input_gradient(const Im2colShape& shape, const float* dy, const float* weight, float* dx, float* workspace,
                           const Threads& threads);
void im2col_weight_gradient(const Im2colShape& shape, const float* x, const float* dy, float* dw, float* workspace,
                            const Threads& threads);

}  // namespace digits
