#include "kernels/gemm/matrix.hpp"

#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

void add_bias_relu(float* rows, std::int64_t count, std::int64_t columns, const float* bias, bool relu) {
    dispatch([&]() DIGITS_INLINE_LAMBDA {
        float* row = rows;
        for (std::int64_t i = 0; i < count; ++i, row += columns) {
            if (bias)
                for (std::int64_t k = 0; k < columns; ++k) row[k] += bias[k];
            if (relu)
                for (std::int64_t k = 0; k < columns; ++k) row[k] = row[k] < 0 ? 0 : row[k];
        }
    });
}

void copy_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t to_stride) {
    dispatch([&]() DIGITS_INLINE_LAMBDA {
        for (std::int64_t row = 0; row < rows; ++row)
            for (std::int64_t k = 0; k < columns; ++k) to[row * to_stride + k] = from[row * stride + k];
    });
}

void transpose_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                      std::int64_t to_stride) {
    const float* end = from + (rows - 1) * stride + columns;
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        transpose_values<Vector>(from, stride, rows, columns, end, to, to_stride);
    });
}

}  // namespace digits
