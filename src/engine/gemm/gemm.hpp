#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "engine/net/layer.hpp"

namespace digits {

/// Products of rows of floats on the CPU: of x (rows x inputs), weights (outputs x inputs) and dy (rows x outputs), all
/// contiguous. They are made of panels of our own (kernels/gemm/packed_gemm.hpp) where libtorch leaves speed
/// (kernels/isa/processor.hpp), else by libtorch, as are those of other types and devices.

/// x · weightᵀ + bias; with `rectify`, negative results become 0.
at::Tensor gemm_product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                        bool rectify);
/// dy · weight, the gradient to x.
at::Tensor gemm_input_gradient(const at::Tensor& dy, const at::Tensor& weight);
/// dyᵀ · x, the gradient to the weights.
at::Tensor gemm_weight_gradient(const at::Tensor& dy, const at::Tensor& x);

/// Floats that these three take beside operands and result.
std::int64_t gemm_workspace(Pass pass, std::int64_t rows, std::int64_t inputs, std::int64_t outputs);

}  // namespace digits
