#pragma once

#include <cstdint>

namespace digits {

// Operations on row-major fp32 matrices beside GEMM. Strides are in floats.

/// The epilogue of a GEMM: adds the bias (nullptr: none) to each of `count` contiguous rows, then ReLU if `relu`.
void add_bias_relu(float* rows, std::int64_t count, std::int64_t columns, const float* bias, bool relu);

/// Copies `rows` rows of `columns` values from row stride `stride` to row stride `to_stride`.
void copy_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t to_stride);

/// Transposes a matrix (rows x columns, row stride `stride`) into one of (columns x rows, row stride `to_stride`). The
/// processor must have AVX2.
void transpose_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                      std::int64_t to_stride);

}  // namespace digits
