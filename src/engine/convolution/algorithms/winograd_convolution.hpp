#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "kernels/convolution/winograd.hpp"

namespace digits {

/// Convolution of planes by Winograd (kernels/convolution/winograd.hpp) for channels-last tensors on the CPU: of float,
/// or with AVX512_BF16 of bf16, x and dy alike; weights, their gradient and the bias are float.
class WinogradConvolution final : public ConvolutionAlgorithm {
  public:
    /// Whether it supports this convolution, on this processor, and is likely to be the fastest algorithm.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    /// `low`: of bf16 values. Channels and outputs are those of all groups.
    WinogradConvolution(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                        std::int64_t groups, bool low);

    /// With few tiles a GEMM of bf16 values is faster; im2col is faster for an input gradient that has far more tiles
    /// than the outputs.
    bool takes(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    WinogradShape shape(at::IntArrayRef x) const;

    WinogradShape shape_;  // without the sizes of x
    bool low_, im2col_suits_;
};

}  // namespace digits
