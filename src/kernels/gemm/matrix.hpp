#pragma once

#include <cstdint>

namespace digits {

// Passes over the rows of matrices that products are made of.

/// Adds the bias, which may be nullptr, to each row; with `rectify`, negative values become 0.
void finish_rows(float* rows, std::int64_t count, std::int64_t columns, const float* bias, bool rectify);

/// `count` rows of `columns` values, whose beginnings lie `stride` apart, to a place where they lie `to_stride` apart.
void copy_rows(const float* from, std::int64_t stride, std::int64_t count, std::int64_t columns, float* to,
               std::int64_t to_stride);

/// Turns `rows` x `columns` values (row stride `stride`) into `columns` rows that lie `to_stride` apart.
void turn_matrix(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to,
                 std::int64_t to_stride);

}  // namespace digits
