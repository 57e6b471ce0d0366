#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"

namespace digits {

/// A deconvolution whose kernel is as large as its stride, on the CPU: no two kernels overlap, so the GEMM of pixels
/// and weights (gemm/linear.hpp) gives all outputs of a pixel, (kernel rows, kernel columns, outputs), which are then
/// permuted.
class DisjointDeconvolution final : public ConvolutionAlgorithm {
  public:
    static bool suits(const ConvolutionWindow& window, std::int64_t groups);
    explicit DisjointDeconvolution(const ConvolutionWindow& window)
        : kernel_y_(window.kernel[0]), kernel_x_(window.kernel[1]) {}

    bool takes_float_weights() const override { return false; }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    /// (channels, kernel rows · kernel columns · outputs).
    at::Tensor matrix(const at::Tensor& weight) const;
    /// (pixels of x, kernel rows · kernel columns · outputs).
    at::Tensor rows_of_outputs(const at::Tensor& y) const;

    const std::int64_t kernel_y_, kernel_x_;
};

}  // namespace digits
