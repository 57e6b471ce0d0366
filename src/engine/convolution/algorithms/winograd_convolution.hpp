#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "kernels/convolution/winograd.hpp"

namespace digits {

/// A convolution of planes by minimal filtering (kernels/convolution/winograd.hpp), for channels-last tensors on the
/// CPU: of floats, or with `has_wide_bf16()` of bf16 values, x and dy alike; weights, their gradient and the bias are
/// floats.
class WinogradConvolution final : public ConvolutionAlgorithm {
  public:
    /// Whether it can do this convolution, on this processor, and is likely to be the faster way.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    /// `low`: of bf16 values. Channels and outputs of all groups.
    WinogradConvolution(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                        std::int64_t groups, bool low);

    /// Few tiles are better made of products of bf16 values, and inputs' gradients with far more tiles than outputs
    /// patch by patch.
    bool takes(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool rectify) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    /// What input_gradient() costs in multiplications for each pair of channels, its transformations counted in.
    std::int64_t input_products(at::IntArrayRef x, at::IntArrayRef y) const;
    /// Of one group, x being what is walked and y what comes out.
    WinogradShape shape(at::IntArrayRef x, at::IntArrayRef y, std::int64_t pad_y, std::int64_t pad_x) const;
    /// Of the gradient to the inputs as a convolution of the outputs' gradient.
    WinogradShape turned_shape(at::IntArrayRef x, at::IntArrayRef y) const;
    /// Whether that gradient is better made from the outputs' tiles than from the inputs'.
    bool spreads(at::IntArrayRef x, at::IntArrayRef y) const;

    int kernel_;
    std::int64_t pad_y_, pad_x_, groups_;
    bool low_, has_patches_;
};

}  // namespace digits
