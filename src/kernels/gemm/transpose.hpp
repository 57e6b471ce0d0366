#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

/// Interleaves the lower halves of two vectors, or the upper ones: a0 b0 a1 b1 …
template <class Vector>
DIGITS_KERNEL_INLINE Vector interleaved(const Vector& a, const Vector& b, bool upper) {
    constexpr int kLanes = kLanesOf<Vector>;
    typename Lanes<kLanes>::Ints low, high;
    for (int i = 0; i < kLanes; ++i) {
        low[i] = i / 2 + (i % 2) * kLanes;
        high[i] = low[i] + kLanes / 2;
    }
    return upper ? __builtin_shuffle(a, b, high) : __builtin_shuffle(a, b, low);
}

/// Transposes a register block of kLanes vectors: lane k of vector i becomes lane i of vector k.
template <class Vector>
DIGITS_KERNEL_INLINE void transpose_block(Vector (&block)[kLanesOf<Vector>]) {
    constexpr int kLanes = kLanesOf<Vector>;
    for (int step = 1; step < kLanes; step *= 2) {
        Vector next[kLanes];
        for (int i = 0; i < kLanes / 2; ++i) {
            next[2 * i] = interleaved(block[i], block[i + kLanes / 2], false);
            next[2 * i + 1] = interleaved(block[i], block[i + kLanes / 2], true);
        }
        for (int i = 0; i < kLanes; ++i) block[i] = next[i];
    }
}

/// Transposes a matrix (rows x columns, row stride `stride`) into one of (columns x rows, row stride `to_stride`), in
/// register blocks. With kPadded the rows of the result are whole vectors, padded with zeros, also for `rows` <= 0.
/// Nothing is read at or after `end`.
template <class Vector, bool kPadded = false>
DIGITS_KERNEL_INLINE void transpose_values(const float* from, std::int64_t stride, std::int64_t rows,
                                           std::int64_t columns, const float* end, float* to, std::int64_t to_stride) {
    constexpr std::int64_t kLanes = kLanesOf<Vector>;
    for (std::int64_t row = 0; (kPadded && row == 0) || row < rows; row += kLanes)
        for (std::int64_t column = 0; column < columns; column += kLanes) {
            const std::int64_t height = std::min(kLanes, rows - row), width = std::min(kLanes, columns - column);
            const float* corner = from + row * stride + column;
            float* place = to + column * to_stride + row;
            Vector block[kLanes];
            // Whole vectors may read beyond the columns, but not beyond the matrix.
            if (height == kLanes && corner + (kLanes - 1) * stride + kLanes <= end) {
                for (std::int64_t i = 0; i < kLanes; ++i) block[i] = load_vector<Vector>(corner + i * stride);
            } else {
                for (std::int64_t i = 0; i < kLanes; ++i)
                    block[i] = i < height ? Lanes<kLanes>::read_some(corner + i * stride, width) : Vector{};
            }
            transpose_block(block);
            if (kPadded || height == kLanes) {
                for (std::int64_t i = 0; i < width; ++i) store_vector(place + i * to_stride, block[i]);
            } else {
                for (std::int64_t i = 0; i < width; ++i)
                    Lanes<kLanes>::write_some(place + i * to_stride, block[i], height);
            }
        }
}

/// Reverses the order of `count` vectors in memory.
template <class Vector>
DIGITS_KERNEL_INLINE void reverse_vectors(float* vectors, std::int64_t count) {
    for (std::int64_t i = 0; i < count / 2; ++i) {
        float *a = vectors + i * kLanesOf<Vector>, *b = vectors + (count - 1 - i) * kLanesOf<Vector>;
        const Vector first = load_vector<Vector>(a);
        store_vector(a, load_vector<Vector>(b));
        store_vector(b, first);
    }
}

}  // namespace digits
