#pragma once

#include <cstdint>

#include "kernels/pass.hpp"
#include "kernels/threads.hpp"

namespace digits {

/// The three GEMMs of an inner product or a 1 x 1 convolution in fp32: x is (rows x inputs), weights are (outputs x
/// inputs), y and dy are (rows x outputs), all row-major and contiguous. Many rows: the weights are packed, and the
/// threads share the rows. Few rows: packing the weights would take longer than the GEMM, so x or dy is packed, and the
/// threads share the outputs or inputs. The processor must have AVX2.
struct GemmShape {
    std::int64_t rows = 0, inputs = 0, outputs = 0;
};
/// Up to so many rows count as few.
inline constexpr std::int64_t kFewRows = 128;

/// Floats of workspace of a pass.
std::int64_t gemm_workspace(const GemmShape& shape, Pass pass, std::int64_t threads);

/// y = x · weightᵀ, plus bias (nullptr: none), then ReLU if `relu`.
void gemm_forward(const GemmShape& shape, const float* x, const float* weight, const float* bias, bool relu, float* y,
                  float* workspace, const Threads& threads);
/// dx = dy · weight.
void gemm_input_gradient(const GemmShape& shape, const float* dy, const float* weight, float* dx, float* workspace,
                         const Threads& threads);
/// dw = dyᵀ · x.
void gemm_weight_gradient(const GemmShape& shape, const float* x, const float* dy, float* dw, float* workspace,
                          const Threads& threads);

}  // namespace digits
