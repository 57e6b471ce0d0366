#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "kernels/pass.hpp"

namespace digits {

/// An algorithm for a convolution or its transpose, from x to y, (batch, channels, spatial…), and both gradients. The
/// memory format is the one that ConvolutionBase chooses: on the CPU channels-last.
class ConvolutionAlgorithm {
  public:
    ConvolutionAlgorithm() = default;
    virtual ~ConvolutionAlgorithm() = default;
    ConvolutionAlgorithm(const ConvolutionAlgorithm&) = delete;
    ConvolutionAlgorithm& operator=(const ConvolutionAlgorithm&) = delete;

    /// Whether this algorithm should be used for a pass between x and y of these sizes.
    virtual bool takes(Pass, at::IntArrayRef /*x*/, at::IntArrayRef /*y*/) const { return true; }
    /// Whether weights and bias are always float, whatever the type of x is.
    virtual bool takes_float_weights() const { return true; }

    /// `relu`: the epilogue applies ReLU.
    virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                               bool relu) const = 0;
    /// Only the sizes and memory format of `x` are used, and of `weight` in weight_gradient().
    virtual at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const = 0;
    virtual at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const = 0;

    /// Floats of workspace of a pass between x and y of these sizes.
    virtual std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const = 0;
};

}  // namespace digits
