#include "kernels/gemm/packed_gemm.hpp"

#include <algorithm>

#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// The register block: `kRows` rows from `row` on, `kVectors` vectors of columns from `column` on.
template <class Vector, int kRows, int kVectors>
DIGITS_KERNEL_INLINE void microkernel(const GemmOperands& p, std::int64_t row, std::int64_t column) {
    constexpr auto kLanes = kLanesOf<Vector>;
    // AVX-512 has more rows than there are address registers: every third row has a pointer, and addressing modes reach
    // the two rows after it.
    constexpr int kRowsPerPointer = kLanes == 8 ? kRows : 3;
    const std::int64_t b_step = kLanes < kPanelWidth ? kLanes : p.b_panel_stride,
                       c_step = kLanes < kPanelWidth ? kLanes : p.c_panel_stride;
    const float* b = p.b + column / kPanelWidth * p.b_panel_stride + column % kPanelWidth;
    float* c = p.c + row * p.c_row_stride + column / kPanelWidth * p.c_panel_stride + column % kPanelWidth;
    const float* a[(kRows + kRowsPerPointer - 1) / kRowsPerPointer];
    for (int r = 0; r < kRows; r += kRowsPerPointer) a[r / kRowsPerPointer] = p.a + (row + r) * p.a_row_stride;
    Vector sum[kRows][kVectors];
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v)
            sum[r][v] = p.accumulate ? load_vector<Vector>(c + r * p.c_row_stride + v * c_step) : Vector{};
    for (std::int64_t segment = 0; segment < p.segments; ++segment) {
        for (std::int64_t k = 0; k < p.depth; ++k, b += kPanelWidth) {
            Vector columns[kVectors];
            for (int v = 0; v < kVectors; ++v) columns[v] = load_vector<Vector>(b + v * b_step);
            for (int r = 0; r < kRows; ++r) {
                const float factor = a[r / kRowsPerPointer][r % kRowsPerPointer * p.a_row_stride];
                for (int v = 0; v < kVectors; ++v) sum[r][v] += factor * columns[v];
            }
            for (const float*& from : a) from += p.a_depth_stride;
        }
        for (const float*& from : a) from += p.a_segment_stride - p.depth * p.a_depth_stride;
    }
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) store_vector(c + r * p.c_row_stride + v * c_step, sum[r][v]);
}

/// The microkernel for `rows` rows, at most `kMost`.
template <class Vector, int kMost, int kVectors>
DIGITS_KERNEL_INLINE void microkernel_of_rows(const GemmOperands& p, std::int64_t row, std::int64_t rows,
                                              std::int64_t column) {
    if constexpr (kMost > 0) {
        if (rows == kMost) return microkernel<Vector, kMost, kVectors>(p, row, column);
        microkernel_of_rows<Vector, kMost - 1, kVectors>(p, row, rows, column);
    }
}

/// All rows, at most `kMost` in a register block. The last two blocks are of equal size: blocks of few rows have too
/// few independent sums to hide the latency of FMA.
template <class Vector, int kMost, int kVectors>
DIGITS_KERNEL_INLINE void row_loop(const GemmOperands& p, std::int64_t column) {
    for (std::int64_t row = 0, count = 0; row < p.rows; row += count) {
        const std::int64_t rest = p.rows - row;
        count = rest > kMost && rest < 2 * kMost ? (rest + 1) / 2 : std::min<std::int64_t>(rest, kMost);
        microkernel_of_rows<Vector, kMost, kVectors>(p, row, count, column);
    }
}

template <class Vector>
DIGITS_KERNEL_INLINE void depth_loop(const GemmOperands& whole) {
    constexpr auto kLanes = kLanesOf<Vector>;
    // With two vectors of columns, the sums of six rows fit in AVX2's 16 registers; AVX-512 has 32.
    constexpr int kRowsOfTwo = kLanes == 8 ? 6 : 12;
    const std::int64_t padded = (whole.columns + kLanes - 1) / kLanes * kLanes;
    // Several segments together are at most one block deep.
    for (std::int64_t k = 0; k < whole.depth; k += kDepthBlock) {
        GemmOperands p = whole;
        p.a += k * p.a_depth_stride;
        p.b += k * kPanelWidth;
        p.depth = std::min(kDepthBlock, whole.depth - k);
        p.accumulate = whole.accumulate || k > 0;
        std::int64_t column = 0;
        for (; column + 2 * kLanes <= padded; column += 2 * kLanes) row_loop<Vector, kRowsOfTwo, 2>(p, column);
        if (column < padded) row_loop<Vector, 12, 1>(p, column);
    }
}

}  // namespace

void packed_gemm(const GemmOperands& operands) {
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA { depth_loop<Vector>(operands); });
}

void packed_gemm_exact(const GemmOperands& operands, float* workspace) {
    const std::int64_t whole = operands.columns / kPanelWidth, rest = operands.columns % kPanelWidth;
    GemmOperands part = operands;
    part.columns = whole * kPanelWidth;
    if (whole > 0) packed_gemm(part);
    if (rest == 0) return;
    // The last panel goes through the workspace.
    float* last = operands.c + whole * operands.c_panel_stride;
    if (operands.accumulate)
        for (std::int64_t row = 0; row < operands.rows; ++row)
            std::copy_n(last + row * operands.c_row_stride, rest, workspace + row * kPanelWidth);
    part.b += whole * operands.b_panel_stride;
    part.c = workspace;
    part.c_row_stride = kPanelWidth;
    part.columns = rest;
    packed_gemm(part);
    for (std::int64_t row = 0; row < operands.rows; ++row)
        std::copy_n(workspace + row * kPanelWidth, rest, last + row * operands.c_row_stride);
}

void pack_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels,
                 std::int64_t begin, std::int64_t end) {
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t panel = begin; panel < end; ++panel) {
            const float* from = matrix + panel * kPanelWidth;
            float* to = panels + panel * depth * kPanelWidth;
            const std::int64_t count = columns - panel * kPanelWidth;
            for (std::int64_t k = 0; k < depth; ++k, from += stride, to += kPanelWidth)
                for (std::int64_t lane = 0; lane < kPanelWidth; lane += kLanes)
                    store_vector(to + lane, Lanes<kLanes>::read_some(from + lane, count - lane));
        }
    });
}

void pack_panels_transposed(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                            float* panels, std::int64_t begin, std::int64_t end) {
    const float* matrix_end = matrix + (columns - 1) * stride + depth;
    dispatch_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        for (std::int64_t panel = begin; panel < end; ++panel) {
            const std::int64_t count = std::min(columns - panel * kPanelWidth, kPanelWidth);
            float* to = panels + panel * depth * kPanelWidth;
            if (count < kPanelWidth) std::fill_n(to, depth * kPanelWidth, 0.0F);
            transpose_values<Vector>(matrix + panel * kPanelWidth * stride, stride, count, depth, matrix_end, to,
                                     kPanelWidth);
        }
    });
}

void packed_gemm_nn(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                    std::int64_t rows, std::int64_t depth, std::int64_t columns, bool accumulate) {
    packed_gemm_nn_segments({a, a_stride, 0, 1, depth}, b, c, c_stride, rows, columns, accumulate);
}

void packed_gemm_nn_segments(const SegmentedMatrix& a, const float* b, float* c, std::int64_t c_stride,
                             std::int64_t rows, std::int64_t columns, bool accumulate) {
    packed_gemm({.a = a.first,
                 .a_row_stride = a.stride,
                 .b = b,
                 .b_panel_stride = a.segments * a.length * kPanelWidth,
                 .c = c,
                 .c_row_stride = c_stride,
                 .rows = rows,
                 .depth = a.length,
                 .columns = columns,
                 .accumulate = accumulate,
                 .a_segment_stride = a.segment_stride,
                 .segments = a.segments});
}

void packed_gemm_tn(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_panel_stride, float* c,
                    std::int64_t rows, std::int64_t depth, std::int64_t columns, bool accumulate) {
    packed_gemm_tn_segments({a, a_stride, 0, 1, depth}, b, b_panel_stride, c, rows * kPanelWidth, rows, columns,
                            accumulate);
}

void packed_gemm_tn_segments(const SegmentedMatrix& a, const float* b, std::int64_t b_panel_stride, float* c,
                             std::int64_t c_panel_stride, std::int64_t rows, std::int64_t columns, bool accumulate) {
    packed_gemm({.a = a.first,
                 .a_row_stride = 1,
                 .a_depth_stride = a.stride,
                 .b = b,
                 .b_panel_stride = b_panel_stride,
                 .c = c,
                 .c_row_stride = kPanelWidth,
                 .c_panel_stride = c_panel_stride,
                 .rows = rows,
                 .depth = a.length,
                 .columns = columns,
                 .accumulate = accumulate,
                 .a_segment_stride = a.segment_stride,
                 .segments = a.segments});
}

}  // namespace digits
