#include "kernels/gemm/packed_gemm.hpp"

#include <algorithm>

#include "kernels/gemm/transpose.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

/// `kRows` rows from `row` on in `kVectors` vectors of columns from `column` on, which stay in registers.
template <class Vector, int kRows, int kVectors>
DIGITS_KERNEL_INLINE void multiply_tile(const PanelProduct& p, std::int64_t row, std::int64_t column) {
    constexpr auto kLanes = kLanesOf<Vector>;
    // Of many rows, every third one has a pointer: addresses reach two rows on without further registers.
    constexpr int kTogether = kLanes == 8 ? kRows : 3;
    const std::int64_t b_step = kLanes < kPanel ? kLanes : p.b_panel, c_step = kLanes < kPanel ? kLanes : p.c_panel;
    const float* b = p.b + column / kPanel * p.b_panel + column % kPanel;
    float* c = p.c + row * p.c_row + column / kPanel * p.c_panel + column % kPanel;
    const float* a[(kRows + kTogether - 1) / kTogether];
    for (int r = 0; r < kRows; r += kTogether) a[r / kTogether] = p.a + (row + r) * p.a_row;
    Vector sum[kRows][kVectors];
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v)
            sum[r][v] = p.add ? load_vector<Vector>(c + r * p.c_row + v * c_step) : Vector{};
    for (std::int64_t line = 0; line < p.lines; ++line) {
        for (std::int64_t k = 0; k < p.depth; ++k, b += kPanel) {
            Vector columns[kVectors];
            for (int v = 0; v < kVectors; ++v) columns[v] = load_vector<Vector>(b + v * b_step);
            for (int r = 0; r < kRows; ++r) {
                const float factor = a[r / kTogether][r % kTogether * p.a_row];
                for (int v = 0; v < kVectors; ++v) sum[r][v] += factor * columns[v];
            }
            for (const float*& from : a) from += p.a_depth;
        }
        for (const float*& from : a) from += p.a_line - p.depth * p.a_depth;
    }
    for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) store_vector(c + r * p.c_row + v * c_step, sum[r][v]);
}

/// `rows` rows from `row` on, at most `kMost`.
template <class Vector, int kMost, int kVectors>
DIGITS_KERNEL_INLINE void multiply_few(const PanelProduct& p, std::int64_t row, std::int64_t rows,
                                       std::int64_t column) {
    if constexpr (kMost > 0) {
        if (rows == kMost) return multiply_tile<Vector, kMost, kVectors>(p, row, column);
        multiply_few<Vector, kMost - 1, kVectors>(p, row, rows, column);
    }
}

/// All rows, at most `kMost` at a time. Few rows leave sums waiting for each other, so the last tiles share theirs.
template <class Vector, int kMost, int kVectors>
DIGITS_KERNEL_INLINE void multiply_rows(const PanelProduct& p, std::int64_t column) {
    for (std::int64_t row = 0, count = 0; row < p.rows; row += count) {
        const std::int64_t rest = p.rows - row;
        count = rest > kMost && rest < 2 * kMost ? (rest + 1) / 2 : std::min<std::int64_t>(rest, kMost);
        multiply_few<Vector, kMost, kVectors>(p, row, count, column);
    }
}

template <class Vector>
DIGITS_KERNEL_INLINE void multiply(const PanelProduct& whole) {
    constexpr auto kLanes = kLanesOf<Vector>;
    // Two vectors of eight leave room for six rows in the sixteen registers of AVX2; AVX-512 has twice as many.
    constexpr int kRowsOfTwo = kLanes == 8 ? 6 : 12;
    const std::int64_t filled = (whole.columns + kLanes - 1) / kLanes * kLanes;
    // Several lines are short enough together.
    for (std::int64_t k = 0; k < whole.depth; k += kPanelDepth) {
        PanelProduct p = whole;
        p.a += k * p.a_depth;
        p.b += k * kPanel;
        p.depth = std::min(kPanelDepth, whole.depth - k);
        p.add = whole.add || k > 0;
        std::int64_t column = 0;
        for (; column + 2 * kLanes <= filled; column += 2 * kLanes) multiply_rows<Vector, kRowsOfTwo, 2>(p, column);
        if (column < filled) multiply_rows<Vector, 12, 1>(p, column);
    }
}

}  // namespace

void multiply_panels(const PanelProduct& product) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA { multiply<Vector>(product); });
}

void multiply_panels_exactly(const PanelProduct& product, float* rest) {
    const std::int64_t whole = product.columns / kPanel, behind = product.columns % kPanel;
    PanelProduct part = product;
    part.columns = whole * kPanel;
    if (whole > 0) multiply_panels(part);
    if (behind == 0) return;
    float* last = product.c + whole * product.c_panel;
    if (product.add)
        for (std::int64_t row = 0; row < product.rows; ++row)
            std::copy_n(last + row * product.c_row, behind, rest + row * kPanel);
    part.b += whole * product.b_panel;
    part.c = rest;
    part.c_row = kPanel;
    part.columns = behind;
    multiply_panels(part);
    for (std::int64_t row = 0; row < product.rows; ++row)
        std::copy_n(rest + row * kPanel, behind, last + row * product.c_row);
}

void fill_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels,
                 std::int64_t begin, std::int64_t end) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        constexpr auto kLanes = kLanesOf<Vector>;
        for (std::int64_t panel = begin; panel < end; ++panel) {
            const float* from = matrix + panel * kPanel;
            float* to = panels + panel * depth * kPanel;
            const std::int64_t count = columns - panel * kPanel;
            for (std::int64_t k = 0; k < depth; ++k, from += stride, to += kPanel)
                for (std::int64_t lane = 0; lane < kPanel; lane += kLanes)
                    store_vector(to + lane, Lanes<kLanes>::read_some(from + lane, count - lane));
        }
    });
}

void fill_turned_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                        float* panels, std::int64_t begin, std::int64_t end) {
    const float* matrix_end = matrix + (columns - 1) * stride + depth;
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        for (std::int64_t panel = begin; panel < end; ++panel) {
            const std::int64_t count = std::min(columns - panel * kPanel, kPanel);
            float* to = panels + panel * depth * kPanel;
            if (count < kPanel) std::fill_n(to, depth * kPanel, 0.0F);
            turn_values<Vector>(matrix + panel * kPanel * stride, stride, count, depth, matrix_end, to, kPanel);
        }
    });
}

void multiply_by_panels(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                        std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    multiply_lines_by_panels({a, a_stride, 0, 1, depth}, b, c, c_stride, rows, columns, add);
}

void multiply_lines_by_panels(const PanelLines& a, const float* b, float* c, std::int64_t c_stride, std::int64_t rows,
                              std::int64_t columns, bool add) {
    multiply_panels({.a = a.first,
                     .a_row = a.step,
                     .b = b,
                     .b_panel = a.lines * a.length * kPanel,
                     .c = c,
                     .c_row = c_stride,
                     .rows = rows,
                     .depth = a.length,
                     .columns = columns,
                     .add = add,
                     .a_line = a.line,
                     .lines = a.lines});
}

void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    multiply_transposed_lines_by_panels({a, a_stride, 0, 1, depth}, b, b_stride, c, rows * kPanel, rows, columns, add);
}

void multiply_transposed_lines_by_panels(const PanelLines& a, const float* b, std::int64_t b_stride, float* c,
                                         std::int64_t c_stride, std::int64_t rows, std::int64_t columns, bool add) {
    multiply_panels({.a = a.first,
                     .a_row = 1,
                     .a_depth = a.step,
                     .b = b,
                     .b_panel = b_stride,
                     .c = c,
                     .c_row = kPanel,
                     .c_panel = c_stride,
                     .rows = rows,
                     .depth = a.length,
                     .columns = columns,
                     .add = add,
                     .a_line = a.line,
                     .lines = a.lines});
}

}  // namespace digits
