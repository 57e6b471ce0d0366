#include "engine/kernels/panels.hpp"

#include <algorithm>

#include "engine/kernels/simd.hpp"

namespace digits {
namespace {

/// So many of the inner dimension at a time that a panel of b (16 KB) stays in the first-level cache.
constexpr std::int64_t kDepth = 256;

/// kRows rows of c in kVectors · 8 columns of a panel, which stay in registers. a's element (row, k) lies at
/// row · a_row + k · a_depth.
template <int kRows, int kVectors>
DIGITS_KERNEL_INLINE void multiply_tile(const float* a, std::int64_t a_row, std::int64_t a_depth, const float* b,
                                        float* c, std::int64_t c_stride, std::int64_t depth, bool add) {
    Vector8 sum[kRows][kVectors];
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) sum[r][v] = add ? load8(c + r * c_stride + 8 * v) : Vector8{};
    for (std::int64_t k = 0; k < depth; ++k, a += a_depth, b += kPanel) {
        Vector8 columns[kVectors];
        for (int v = 0; v < kVectors; ++v) columns[v] = load8(b + 8 * v);
        for (int r = 0; r < kRows; ++r) {
            const float factor = a[r * a_row];
            for (int v = 0; v < kVectors; ++v) sum[r][v] += factor * columns[v];
        }
    }
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) store8(c + r * c_stride + 8 * v, sum[r][v]);
}

template <int kVectors>
DIGITS_KERNEL_INLINE void multiply_rows(std::int64_t rows, const float* a, std::int64_t a_row, std::int64_t a_depth,
                                        const float* b, float* c, std::int64_t c_stride, std::int64_t depth, bool add) {
    constexpr int kAtOnce = kVectors == 1 ? 2 * kPanelRows : kPanelRows;
    std::int64_t r = 0;
    for (; r + kAtOnce <= rows; r += kAtOnce)
        multiply_tile<kAtOnce, kVectors>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
    for (; r + 4 <= rows; r += 4)
        multiply_tile<4, kVectors>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
    for (; r < rows; ++r)
        multiply_tile<1, kVectors>(a + r * a_row, a_row, a_depth, b, c + r * c_stride, c_stride, depth, add);
}

/// Whether the second half of the last panel holds nothing but zeros.
bool ends_with_half(std::int64_t columns) { return (columns - 1) % kPanel < 8; }

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
                        std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    const std::int64_t panels = panel_count(columns), whole = panels - (ends_with_half(columns) ? 1 : 0);
    for (std::int64_t k = 0; k < depth; k += kDepth) {
        const std::int64_t part = std::min(kDepth, depth - k);
        const auto panel = [&](std::int64_t p) { return b + (p * depth + k) * kPanel; };
        const bool adds = add || k > 0;
        for (std::int64_t p = 0; p < whole; ++p)
            multiply_rows<2>(rows, a + k, a_stride, 1, panel(p), c + p * kPanel, c_stride, part, adds);
        if (whole < panels)
            multiply_rows<1>(rows, a + k, a_stride, 1, panel(whole), c + whole * kPanel, c_stride, part, adds);
    }
}

DIGITS_VECTOR_KERNEL
void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    const std::int64_t panels = panel_count(columns), whole = panels - (ends_with_half(columns) ? 1 : 0);
    for (std::int64_t k = 0; k < depth; k += kDepth) {
        const std::int64_t part = std::min(kDepth, depth - k);
        const auto panel = [&](std::int64_t p) { return b + p * b_stride + k * kPanel; };
        const bool adds = add || k > 0;
        for (std::int64_t p = 0; p < whole; ++p)
            multiply_rows<2>(rows, a + k * a_stride, 1, a_stride, panel(p), c + p * rows * kPanel, kPanel, part, adds);
        if (whole < panels)
            multiply_rows<1>(rows, a + k * a_stride, 1, a_stride, panel(whole), c + whole * rows * kPanel, kPanel, part,
                             adds);
    }
}

}  // namespace digits
