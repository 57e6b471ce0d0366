#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "kernels/pass.hpp"

namespace digits {

/// The GEMMs of inner products and 1 x 1 convolutions: x (rows x inputs), weight (outputs x inputs), dy (rows x
/// outputs), all contiguous. Floats on the CPU are multiplied by kernels/gemm/gemm.hpp where that is faster than
/// libtorch, everything else by libtorch.

/// x · weightᵀ + bias, then ReLU if `relu`.
at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                          bool relu);
/// dy · weight.
at::Tensor linear_input_gradient(const at::Tensor& dy, const at::Tensor& weight);
/// dyᵀ · x.
at::Tensor linear_weight_gradient(const at::Tensor& dy, const at::Tensor& x);

/// Floats of workspace of a pass.
std::int64_t linear_workspace(Pass pass, std::int64_t rows, std::int64_t inputs, std::int64_t outputs);

/// For tests: use the kernels wherever the processor has AVX2.
void prefer_gemm_kernels(bool prefer);

}  // namespace digits
