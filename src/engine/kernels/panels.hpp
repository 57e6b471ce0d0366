#pragma once

#include <cstdint>

#include "engine/kernels/processor.hpp"

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

inline std::int64_t panel_count(std::int64_t columns) { return (columns + kPanel - 1) / kPanel; }

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
