#pragma once

#include <cstdint>

#include "kernels/isa/processor.hpp"

namespace digits {

/// Matrix products with one factor laid out in panels of kPanel columns, (panel, row, kPanel), the last one filled up
/// with zeros. Of the results, too, all columns of the last panel have a place; whether those behind the first eight
/// are written, where all are zero, depends on the processor. Single-threaded, for processors with AVX2 and FMA
/// (`has_fast_products()`); those with AVX-512 use it.
inline constexpr std::int64_t kPanel = 16;
/// Rows of `a` are taken this many at a time; numbers of rows that are no multiple go slower.
inline constexpr std::int64_t kPanelRows = 12;
/// So much of the inner dimension is taken at a time: two panels (32 KB) then stay in the first-level cache.
inline constexpr std::int64_t kPanelDepth = 256;

/// Rows of matrices lie this much further apart than needed, so that their beginnings spread over the cache's sets.
inline constexpr std::int64_t kSpread = 16;

inline std::int64_t panel_count(std::int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/// c = a · b: a's element (row, k) lies at row · a_row + k · a_depth, panels of b `b_panel` apart; c's rows lie
/// `c_row`, its panels `c_panel` apart. With `lines`, the inner dimension is that many times `depth`, one line behind
/// the other; a's lines lie `a_line` apart. `add`: += instead.
struct PanelProduct {
    const float* a = nullptr;
    std::int64_t a_row = 0, a_depth = 1;
    const float* b = nullptr;
    std::int64_t b_panel = 0;
    float* c = nullptr;
    std::int64_t c_row = 0, c_panel = kPanel;
    std::int64_t rows = 0, depth = 0, columns = 0;
    bool add = false;
    std::int64_t a_line = 0, lines = 1;
};
void multiply_panels(const PanelProduct& product);
/// The same where c has no place behind its columns; `rest` has one for each row and kPanel columns.
void multiply_panels_exactly(const PanelProduct& product, float* rest);

/// A matrix (depth x columns, row stride `stride`) in panels of (depth, kPanel) each, and its transpose, (columns x
/// depth). The panels [begin, end).
void fill_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns, float* panels,
                 std::int64_t begin, std::int64_t end);
void fill_turned_panels(const float* matrix, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                        float* panels, std::int64_t begin, std::int64_t end);

/// c (rows x columns, filled up, row stride `c_stride`) = a (rows x depth, row stride `a_stride`) · b; `add`: +=
/// instead.
void multiply_by_panels(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                        std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add);

/// A factor that is read where it lies in a picture: its inner dimension is made of `lines` of `length` values. Two
/// neighbours in the other dimension, and in a line of a transposed factor, lie `step` and 1 apart; lines begin `line`
/// apart. Several lines have kPanelDepth values together at most.
struct PanelLines {
    const float* first;
    std::int64_t step, line, lines, length;
};
/// multiply_by_panels() with row r's value k of a line at r · step + k.
void multiply_lines_by_panels(const PanelLines& a, const float* b, float* c, std::int64_t c_stride, std::int64_t rows,
                              std::int64_t columns, bool add);

/// c (panels of `rows` rows) = aᵀ · b, a being (depth x rows, row stride `a_stride`), b's panels `b_stride` floats
/// apart; `add`: += instead.
void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add);
/// The same with row r's value k of a line at r + k · step; c's panels lie `c_stride` floats apart.
void multiply_transposed_lines_by_panels(const PanelLines& a, const float* b, std::int64_t b_stride, float* c,
                                         std::int64_t c_stride, std::int64_t rows, std::int64_t columns, bool add);

}  // namespace digits
