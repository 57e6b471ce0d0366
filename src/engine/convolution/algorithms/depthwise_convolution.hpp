#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "kernels/convolution/depthwise.hpp"

namespace digits {

/// Depthwise convolution of planes (kernels/convolution/depthwise.hpp) for channels-last tensors of float or bf16 on
/// the CPU; weights, their gradient and the bias are float.
class DepthwiseConvolution final : public ConvolutionAlgorithm {
  public:
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    explicit DepthwiseConvolution(const ConvolutionWindow& window) : window_(window) {}

    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    DepthwiseShape shape(at::IntArrayRef x) const;

    const ConvolutionWindow window_;
};

}  // namespace digits
