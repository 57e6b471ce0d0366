#include "kernels/gemm/matrix.hpp"

#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

DIGITS_KERNEL
void finish_rows(float* rows, std::int64_t count, std::int64_t columns, const float* bias, bool rectify) {
    for (std::int64_t row = 0; row < count; ++row, rows += columns) {
        if (bias)
            for (std::int64_t k = 0; k < columns; ++k) rows[k] += bias[k];
        if (rectify)
            for (std::int64_t k = 0; k < columns; ++k) rows[k] = rows[k] < 0 ? 0 : rows[k];
    }
}

DIGITS_KERNEL
void copy_rows(const float* from, std::int64_t stride, std::int64_t count, std::int64_t columns, float* to,
               std::int64_t to_stride) {
    for (std::int64_t row = 0; row < count; ++row)
        for (std::int64_t k = 0; k < columns; ++k) to[row * to_stride + k] = from[row * stride + k];
}

void turn_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t to_stride) {
    const float* end = from + (rows - 1) * stride + columns;
    with_vectors([&]<class Vector>()
                     DIGITS_INLINE_LAMBDA { turn_values<Vector>(from, stride, rows, columns, end, to, to_stride); });
}

}  // namespace digits
