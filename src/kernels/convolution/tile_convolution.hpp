#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"
#include "kernels/pass.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// Convolution of bf16 values as GEMM in AMX tiles (gemm/tile_gemm.hpp) with fp32 sums. Arrays are channels-last bf16,
/// (items, height, width, groups · channels); weights, their gradient and the bias are float, (groups · outputs,
/// channels, kernel rows, kernel columns). Results are rounded once. Without AMX plain code gives the same results.
///
/// With stride 1, the pixels of all items are one row of positions, in which each line and each item is followed by its
/// padding: the input of a tap of the kernel is then a fixed number of positions away, and tiles are read in place.
/// With a stride there is a weight gradient only, and its rows come from im2col.
struct TileConvolutionShape {
    std::int64_t items = 0, height = 0, width = 0;
    std::int64_t channels = 0, outputs = 0;  ///< of one group
    std::int64_t groups = 1;
    std::int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1;
    std::int64_t pad_y = 0, pad_x = 0;  ///< less than the kernel

    std::int64_t out_height() const { return (height + 2 * pad_y - kernel_y) / stride_y + 1; }
    std::int64_t out_width() const { return (width + 2 * pad_x - kernel_x) / stride_x + 1; }
    bool has_stride() const { return stride_y != 1 || stride_x != 1; }
};

/// Floats of workspace of a pass.
std::int64_t tile_convolution_workspace(const TileConvolutionShape& shape, Pass pass, std::int64_t threads);

/// y = convolution of x, plus bias (nullptr: none), then ReLU if `relu`. Stride 1.
void tile_convolution_forward(const TileConvolutionShape& shape, const Bf16* x, const float* weight, const float* bias,
                              bool relu, Bf16* y, float* workspace, const Threads& threads);
/// Stride 1.
void tile_convolution_input_gradient(const TileConvolutionShape& shape, const Bf16* dy, const float* weight, Bf16* dx,
                                     float* workspace, const Threads& threads);
/// Any stride; one group where there is a stride.
void tile_convolution_weight_gradient(const TileConvolutionShape& shape, const Bf16* x, const Bf16* dy, float* dw,
                                      float* workspace, const Threads& threads);

}  // namespace digits
