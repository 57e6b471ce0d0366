#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace digits {

/// Pillow's fixed point: 8 bits of sample, 2 bits of head room for filters that overshoot.
constexpr int kFilterPrecision_bits = 32 - 8 - 2;

/// Which source samples make each target sample, and with what weights; these are positive and their sum is 1.
struct RowFilter {
    int taps = 0;                       ///< weights per target, zero padded
    std::vector<int> first;             ///< per target: the first source
    std::vector<int> count;             ///< per target: how many
    std::vector<std::int32_t> weights;  ///< taps per target, scaled by 2^kFilterPrecision_bits
};

/// Rows of pixels of R, G, B, to as many rows of `filter.first.size()` pixels, by vectors where the machine has AVX2.
/// Returns how many were made, from the first on: vectors reach beyond the ends of rows, so the last ones are left, and
/// on other machines all.
int filter_rgb_rows(const std::uint8_t* from, std::size_t from_stride, const RowFilter& filter, std::uint8_t* to,
                    std::size_t to_stride, int rows);

}  // namespace digits
