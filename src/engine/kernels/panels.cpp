#include "engine/kernels/panels.hpp"

#include <algorithm>

#include "engine/kernels/simd.hpp"

namespace digits {
namespace {

/// So many of the inner dimension at a time that a panel of b (16 KB) stays in the first-level cache.
constexpr std::int64_t kDepth = 256;

/// kRows rows of c in one panel: kRows · 2 vectors that stay in registers. a's element (row, k) lies at
/// row · a_row + k · a_depth.
template <int kRows>
DIGITS_KERNEL_INLINE void multiply_tile(const float* a, std::int64_t a_row, std::int64_t a_depth, const float* b,
                                        float* c, std::int64_t c_stride, std::int64_t depth, bool add) {
    Vector8 sum[kRows][2];
    for (int r = 0; r < kRows; ++r) {
        sum[r][0] = add ? load8(c + r * c_stride) : Vector8{};
        sum[r][1] = add ? load8(c + r * c_stride + 8) : Vector8{};
    }
    for (std::int64_t k = 0; k < depth; ++k, a += a_depth, b += kPanel) {
        const Vector8 left = load8(b), right = load8(b + 8);
        for (int r = 0; r < kRows; ++r) {
            const float factor = a[r * a_row];
            sum[r][0] += factor * left;
            sum[r][1] += factor * right;
        }
    }
    for (int r = 0; r < kRows; ++r) {
        store8(c + r * c_stride, sum[r][0]);
        store8(c + r * c_stride + 8, sum[r][1]);
    }
}

DIGITS_KERNEL_INLINE void multiply_rows(std::int64_t rows, const float* a, std::int64_t a_row, std::int64_t a_depth,
                                        const float* b, float* c, std::int64_t c_stride, std::int64_t depth, bool add) {
    std::int64_t r = 0;
    for (; r + kPanelRows <= rows; r += kPanelRows)
        multiply_tile<kPanelRows>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
    for (; r + 2 <= rows; r += 2)
        multiply_tile<2>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
    for (; r < rows; ++r) multiply_tile<1>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
}

}  // namespace

bool has_fast_products() {
#ifdef DIGITS_VECTOR_KERNELS
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

DIGITS_VECTOR_KERNEL
void multiply_by_panels(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                        std::int64_t rows, std::int64_t depth, std::int64_t panels, bool add) {
    for (std::int64_t k = 0; k < depth; k += kDepth) {
        const std::int64_t part = std::min(kDepth, depth - k);
        for (std::int64_t p = 0; p < panels; ++p)
            multiply_rows(rows, a + k, a_stride, 1, b + (p * depth + k) * kPanel, c + p * kPanel, c_stride, part,
                          add || k > 0);
    }
}

DIGITS_VECTOR_KERNEL
void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t panels, bool add) {
    for (std::int64_t k = 0; k < depth; k += kDepth) {
        const std::int64_t part = std::min(kDepth, depth - k);
        for (std::int64_t p = 0; p < panels; ++p)
            multiply_rows(rows, a + k * a_stride, 1, a_stride, b + p * b_stride + k * kPanel, c + p * rows * kPanel,
                          kPanel, part, add || k > 0);
    }
}

}  // namespace digits
