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

inline std::int64_t panel_count(std::int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/// c (rows x columns, filled up, row stride `c_stride`) = a (rows x depth, row stride `a_stride`) · b; `add`: +=
/// instead.
void multiply_by_panels(const float* a, std::int64_t a_stride, const float* b, float* c, std::int64_t c_stride,
                        std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add);

/// c (panels of `rows` rows) = aᵀ · b, a being (depth x rows, row stride `a_stride`), b's panels `b_stride` floats
/// apart; `add`: += instead.
void multiply_transposed_by_panels(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t rows, std::int64_t depth, std::int64_t columns, bool add);

}  // namespace digits
