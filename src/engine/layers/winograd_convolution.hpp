#pragma once

#include <ATen/ATen.h>

#include "engine/kernels/winograd.hpp"
#include "engine/layers/window.hpp"

namespace digits {

/// A convolution of planes by minimal filtering (kernels/winograd.hpp), for channels-last tensors on the CPU: of
/// floats, or with `has_wide_bf16()` of bf16 values, x and dy alike; weights, their gradient and the bias are floats.
class WinogradConvolution {
  public:
    /// Whether it can do this convolution, on this processor, and is likely to be the faster way.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    WinogradConvolution(const ConvolutionWindow& window, std::int64_t groups);

    /// Whether it is likely to be faster than products of bf16 values.
    bool suits_bf16(at::IntArrayRef x, at::IntArrayRef y) const;

    /// `rectify`: negative outputs become 0.
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool rectify) const;
    /// `sizes` are those of x.
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, at::IntArrayRef sizes) const;
    /// `sizes` are those of the weight.
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, at::IntArrayRef sizes) const;

    /// What input_gradient() costs in multiplications for each pair of channels, its transformations counted in.
    std::int64_t input_products(at::IntArrayRef x, at::IntArrayRef y) const;
    /// Floats that forward() takes beside x and y of these sizes, and the gradients.
    std::int64_t forward_scratch(at::IntArrayRef x, at::IntArrayRef y) const;
    std::int64_t input_scratch(at::IntArrayRef x, at::IntArrayRef y) const;
    std::int64_t weight_scratch(at::IntArrayRef x, at::IntArrayRef y) const;

  private:
    /// Of one group, x being what is walked and y what comes out.
    WinogradShape shape(at::IntArrayRef x, at::IntArrayRef y, std::int64_t pad_y, std::int64_t pad_x) const;
    /// Of the gradient to the inputs as a convolution of the outputs' gradient.
    WinogradShape turned_shape(at::IntArrayRef x, at::IntArrayRef y) const;
    /// Whether that gradient is better made from the outputs' tiles than from the inputs'.
    bool spreads(at::IntArrayRef x, at::IntArrayRef y) const;

    int kernel_;
    std::int64_t pad_y_, pad_x_, groups_;
};

}  // namespace digits
