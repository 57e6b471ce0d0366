#include "engine/kernels/panels.hpp"

#include <algorithm>

#include "engine/kernels/simd.hpp"

namespace digits {
namespace {

/// c = a · b: a's element (row, k of line) lies at row · a_row + line · a_line + k · a_depth, panels of b `b_panel`
/// apart; c's rows lie `c_row`, its panels `c_panel` apart. The inner dimension is that of all lines, one after
/// another.
struct Product {
    const float* a;
    std::int64_t a_row, a_depth, a_line, lines;
    const float* b;
    std::int64_t b_panel;
    float* c;
    std::int64_t c_row, c_panel;
    std::int64_t rows, depth, columns;
    bool add;
};

/// `kRows` rows from `row` on in `kVectors` vectors of columns from `column` on, which stay in registers.
template <class Vector, int kRows, int kVectors>
DIGITS_KERNEL_INLINE void multiply_tile(const Product& p, std::int64_t row, std::int64_t column) {
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
DIGITS_KERNEL_INLINE void multiply_few(const Product& p, std::int64_t row, std::int64_t rows, std::int64_t column) {
    if constexpr (kMost > 0) {
        if (rows == kMost) return multiply_tile<Vector, kMost, kVectors>(p, row, column);
        multiply_few<Vector, kMost - 1, kVectors>(p, row, rows, column);
    }
}

/// All rows, at most `kMost` at a time. Few rows leave sums waiting for each other, so the last tiles share theirs.
template <class Vector, int kMost, int kVectors>
DIGITS_KERNEL_INLINE void multiply_rows(const Product& p, std::int64_t column) {
    for (std::int64_t row = 0, count = 0; row < p.rows; row += count) {
        const std::int64_t rest = p.rows - row;
        count = rest > kMost && rest < 2 * kMost ? (rest + 1) / 2 : std::min<std::int64_t>(rest, kMost);
        multiply_few<Vector, kMost, kVectors>(p, row, count, column);
    }
}

template <class Vector>
DIGITS_KERNEL_INLINE void multiply(const Product& whole) {
    constexpr auto kLanes = kLanesOf<Vector>;
    // Two vectors of eight leave room for six rows in the sixteen registers of AVX2; AVX-512 has twice as many.
    constexpr int kRowsOfTwo = kLanes == 8 ? 6 : 12;
    const std::int64_t filled = (whole.columns + kLanes - 1) / kLanes * kLanes;
    // Several lines are short enough together.
    for (std::int64_t k = 0; k < whole.depth; k += kPanelDepth) {
        Product p = whole;
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

void multiply_by_panels(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                        std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    multiply_lines_by_panels({a, a_stride, 0, 1, depth}, b, c, c_stride, rows, columns, add);
}

void multiply_lines_by_panels(const PanelLines& a, const float* b, float* c, std::int64_t c_stride, std::int64_t rows,
                              std::int64_t columns, bool add) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        multiply<Vector>(Product{a.first, a.step, 1, a.line, a.lines, b, a.lines * a.length * kPanel, c, c_stride,
                                 kPanel, rows, a.length, columns, add});
    });
}

void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add) {
    multiply_transposed_lines_by_panels({a, a_stride, 0, 1, depth}, b, b_stride, c, rows * kPanel, rows, columns, add);
}

void multiply_transposed_lines_by_panels(const PanelLines& a, const float* b, std::int64_t b_stride, float* c,
                                         std::int64_t c_stride, std::int64_t rows, std::int64_t columns, bool add) {
    with_vectors([&]<class Vector>() DIGITS_INLINE_LAMBDA {
        multiply<Vector>(Product{a.first, 1, a.step, a.line, a.lines, b, b_stride, c, kPanel, c_stride, rows, a.length,
                                 columns, add});
    });
}

}  // namespace digits
