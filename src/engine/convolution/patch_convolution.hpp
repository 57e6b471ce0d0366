#pragma once

#include "engine/convolution/convolution_way.hpp"
#include "engine/layers/window.hpp"
#include "kernels/patches.hpp"

namespace digits {

/// A convolution of planes as products of matrices (kernels/patches.hpp), for channels-last tensors of floats on the
/// CPU.
class PatchConvolution final : public ConvolutionWay {
  public:
    /// Whether it can do this convolution, on this processor, and is likely to be faster than libtorch.
    static bool suits(const ConvolutionWindow& window, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);

    explicit PatchConvolution(const ConvolutionWindow& window) : window_(window) {}

    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool rectify) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    PatchShape shape(at::IntArrayRef x, at::IntArrayRef y) const;

    const ConvolutionWindow window_;
};

}  // namespace digits
