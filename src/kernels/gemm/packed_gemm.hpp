#pragma once

#include <cstdint>

#include "kernels/isa/instruction_set.hpp"

namespace digits {

/// Single-threaded GEMM in fp32 with a packed factor B: panels of kPanelWidth columns, (panel, depth, kPanelWidth), the
/// last one padded with zeros. A is read where it is. The columns of C are padded to whole panels, too; whether the
/// padding beyond the first vector of the last panel is written depends on the instruction set. The processor must
/// have AVX2; AVX-512 is used where it is available.
inline constexpr std::int64_t kPanelWidth = 16;
/// Rows of the register block. Numbers of rows that are not a multiple of it are slower.
inline constexpr std::int64_t kRegisterRows = 12;
/// Block size of the inner dimension: two panels of this depth (32 KB) stay in the first-level cache.
inline constexpr std::int64_t kDepthBlock = 256;

/// Rows of matrices get this much more stride than they need, so that they are spread over the sets of the cache.
inline constexpr std::int64_t kRowPadding = 16;

inline std::int64_t panel_count(std::int64_t columns) { return (columns + kPanelWidth - 1) / kPanelWidth; }
/// Floats of a packed matrix (depth x columns).
inline std::int64_t packed_size(std::int64_t columns, std::int64_t depth) {
    return panel_count(columns) * kPanelWidth * depth;
}

/// C = A · B, or C += A · B with `accumulate`. All strides are in floats.
struct GemmOperands {
    const float* a = nullptr;  ///< element (row, k) is at row · a_row_stride + k · a_depth_stride
    std::int64_t a_row_stride = 0, a_depth_stride = 1;
    const float* b = nullptr;  ///< packed
    std::int64_t b_panel_stride = 0;
    float* c = nullptr;
    std::int64_t c_row_stride = 0, c_panel_stride = kPanelWidth;
    std::int64_t rows = 0, depth = 0, columns = 0;
    bool accumulate = false;
    /// The inner dimension may have several segments of `depth` values each. B has the rows of all of them.
    std::int64_t a_segment_stride = 0, segments = 1;
};
void packed_gemm(const GemmOperands& operands);

/// The same for a C without padding: nothing is written beyond its columns.
/// `workspace`: packed_gemm_exact_workspace(rows) floats.
void packed_gemm_exact(const GemmOperands& operands, float* workspace);
inline std::int64_t packed_gemm_exact_workspace(std::int64_t rows) { return rows * kPanelWidth; }

/// Packs the panels [begin, end) of a matrix (depth x columns, row stride `stride`).
void pack_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels,
                 std::int64_t begin, std::int64_t end);
/// Packs the panels [begin, end) of the transpose of a matrix (columns x depth, row stride `stride`).
void pack_panels_transposed(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                            float* panels, std::int64_t begin, std::int64_t end);

/// C (rows x columns, row stride `c_stride`) = A (rows x depth, row stride `a_stride`) · B.
void packed_gemm_nn(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                    std::int64_t rows, std::int64_t depth, std::int64_t columns, bool accumulate);

/// A factor inside an image: the inner dimension has `segments` segments of `length` values, which begin
/// `segment_stride` apart. With several segments, all together have at most kDepthBlock values.
struct SegmentedMatrix {
    const float* first;
    std::int64_t stride, segment_stride, segments, length;
};
/// packed_gemm_nn() with A's value k of a segment of a row at row · stride + k.
void packed_gemm_nn_segments(const SegmentedMatrix& a, const float* b, float* c, std::int64_t c_stride,
                             std::int64_t rows, std::int64_t columns, bool accumulate);

/// C (in panels of `rows` rows) = Aᵀ · B; A is (depth x rows, row stride `a_stride`).
void packed_gemm_tn(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_panel_stride, float* c,
                    std::int64_t rows, std::int64_t depth, std::int64_t columns, bool accumulate);
/// packed_gemm_tn() with A's value k of a segment of a row at row + k · stride.
void packed_gemm_tn_segments(const SegmentedMatrix& a, const float* b, std::int64_t b_panel_stride, float* c,
                             std::int64_t c_panel_stride, std::int64_t rows, std::int64_t columns, bool accumulate);

}  // namespace digits
