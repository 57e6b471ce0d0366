#pragma once

#include "engine/convolution/convolution_algorithm.hpp"

namespace digits {

/// A 1 x 1 convolution on the CPU as GEMM (gemm/linear.hpp): each pixel is a row of channels.
class PointwiseConvolution final : public ConvolutionAlgorithm {
  public:
    /// `low`: of bf16 values.
    PointwiseConvolution(std::int64_t channels, std::int64_t outputs, bool low)
        : channels_(channels), outputs_(outputs), low_(low) {}

    /// In bf16 oneDNN is faster, except for the weight gradient of many weights.
    bool takes(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    const std::int64_t channels_, outputs_;
    const bool low_;
};

}  // namespace digits
