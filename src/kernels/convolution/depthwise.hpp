#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Convolutions of each channel by itself, with square kernels of 3 or 5 pixels. Arrays lie channels last, of floats or
/// bf16; weights are floats, (kernel rows, kernel columns, channels).
struct DepthwiseShape {
    std::int64_t items = 0, height = 0, width = 0, channels = 0;
    std::int64_t out_height = 0, out_width = 0;
    std::int64_t kernel = 3, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0;

    std::int64_t lines_in() const { return items * height; }
    std::int64_t lines_out() const { return items * out_height; }
    std::int64_t weights() const { return kernel * kernel * channels; }
};

/// The lines [begin, end) of all items' outputs. `bias` may be nullptr; with `rectify`, negative outputs become 0.
template <class T>
void depthwise_convolve(const DepthwiseShape& shape, const T* x, const float* w, const float* bias, bool rectify, T* y,
                        std::int64_t begin, std::int64_t end);
/// The gradients of the lines [begin, end) of all items' inputs.
template <class T>
void depthwise_input_gradient(const DepthwiseShape& shape, const T* dy, const float* w, T* dx, std::int64_t begin,
                              std::int64_t end);
/// dw += over the lines [begin, end) of outputs.
template <class T>
void depthwise_weight_gradient(const DepthwiseShape& shape, const T* x, const T* dy, float* dw, std::int64_t begin,
                               std::int64_t end);

}  // namespace digits
