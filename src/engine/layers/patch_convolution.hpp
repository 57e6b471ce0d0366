#pragma once

#include <ATen/ATen.h>

#include "engine/kernels/patches.hpp"
#include "engine/layers/window.hpp"

namespace digits {

/// A convolution of planes as products of matrices (kernels/patches.hpp), for channels-last tensors of floats on the
/// CPU.
class PatchConvolution {
  public:
    /// Whether it can do this convolution, on this processor, and is likely to be faster than libtorch.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    explicit PatchConvolution(const ConvolutionWindow& window) : window_(window) {}

    /// `rectify`: negative outputs become 0.
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool rectify) const;
    /// `sizes` are those of x.
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, at::IntArrayRef sizes) const;
    /// `sizes` are those of the weight.
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, at::IntArrayRef sizes) const;

    /// Multiplications for each pair of channels.
    std::int64_t products(at::IntArrayRef y) const {
        return y[0] * y[2] * y[3] * window_.kernel[0] * window_.kernel[1];
    }
    /// Floats that a pass takes beside x and y of these sizes.
    std::int64_t scratch(at::IntArrayRef x, at::IntArrayRef y) const;

  private:
    PatchShape shape(at::IntArrayRef x, at::IntArrayRef y) const;

    const ConvolutionWindow window_;
};

}  // namespace digits
