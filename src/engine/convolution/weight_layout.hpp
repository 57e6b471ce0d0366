#pragma once

#include <ATen/ATen.h>

namespace digits {

// Conversions of weights in one pass each, where libtorch takes two. On the CPU.

/// Float weights of planes, (outputs, channels, kernel rows, kernel columns), as channels-last bf16.
at::Tensor rounded_channels_last(const at::Tensor& weight);
/// A channels-last bf16 gradient as contiguous floats; others are returned as they are.
at::Tensor floats_of_gradient(const at::Tensor& dw);

}  // namespace digits
