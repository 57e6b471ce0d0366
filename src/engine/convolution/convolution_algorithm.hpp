#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "engine/net/layer.hpp"

namespace digits {

/// One way to make a convolution or its transpose, from x to y, (batch, channels, spatial…), and both gradients. Pixels
/// lie as ConvolutionBase lays them out: on the CPU channels last.
class ConvolutionAlgorithm {
  public:
    ConvolutionAlgorithm() = default;
    virtual ~ConvolutionAlgorithm() = default;
    ConvolutionAlgorithm(const ConvolutionAlgorithm&) = delete;
    ConvolutionAlgorithm& operator=(const ConvolutionAlgorithm&) = delete;

    /// Whether it is the one for a pass between x and y of these sizes.
    virtual bool takes(Pass, at::IntArrayRef /*x*/, at::IntArrayRef /*y*/) const { return true; }
    /// Whether weights and bias stay floats whatever pixels are.
    virtual bool takes_float_weights() const { return true; }

    /// `rectify`: negative outputs become 0.
    virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                               bool rectify) const = 0;
    /// Of `x`, and of `weight` in the other one, sizes and layout count.
    virtual at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const = 0;
    virtual at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const = 0;

    /// Floats that a pass takes beside x and y of these sizes, the weights and the result.
    virtual std::int64_t scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const = 0;
};

}  // namespace digits
