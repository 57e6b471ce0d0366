#pragma once

#include <ATen/ATen.h>

namespace digits {

// In one pass each, where libtorch takes two of the slow kind. On the CPU.

/// Float weights of planes, (outputs, channels, kernel rows, kernel columns), as bf16 values that lie channels last.
at::Tensor rounded_channels_last(const at::Tensor& weight);
/// A gradient as floats that lie one kernel behind the other: of bf16 values that lie channels last, else as it is.
at::Tensor floats_of_gradient(const at::Tensor& dw);

}  // namespace digits
