#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "kernels/convolution/im2col.hpp"

namespace digits {

/// Convolution of planes by im2col + GEMM (kernels/convolution/im2col.hpp) for channels-last float tensors on the CPU.
class Im2colConvolution final : public ConvolutionAlgorithm {
  public:
    /// Whether it supports this convolution, on this processor, and is likely to be faster than libtorch.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    explicit Im2colConvolution(const ConvolutionWindow& window) : window_(window) {}

    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    Im2colShape shape(at::IntArrayRef x, at::IntArrayRef y) const;

    const ConvolutionWindow window_;
};

}  // namespace digits
