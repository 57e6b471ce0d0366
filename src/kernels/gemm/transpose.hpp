#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/isa/lanes.hpp"
#include "kernels/isa/simd.hpp"

namespace digits {

/// Two vectors' values in turn: of their first halves, or of their second ones.
template <class Vector>
DIGITS_KERNEL_INLINE Vector interleaved(const Vector& a, const Vector& b, bool second) {
    constexpr int kLanes = kLanesOf<Vector>;
    typename Lanes<kLanes>::Ints low, high;
    for (int i = 0; i < kLanes; ++i) {
        low[i] = i / 2 + (i % 2) * kLanes;
        high[i] = low[i] + kLanes / 2;
    }
    return second ? __builtin_shuffle(a, b, high) : __builtin_shuffle(a, b, low);
}

/// Turns a square of vectors: value k of vector i becomes value i of vector k.
template <class Vector>
DIGITS_KERNEL_INLINE void turn_square(Vector (&square)[kLanesOf<Vector>]) {
    constexpr int kLanes = kLanesOf<Vector>;
    for (int step = 1; step < kLanes; step *= 2) {
        Vector next[kLanes];
        for (int i = 0; i < kLanes / 2; ++i) {
            next[2 * i] = interleaved(square[i], square[i + kLanes / 2], false);
            next[2 * i + 1] = interleaved(square[i], square[i + kLanes / 2], true);
        }
        for (int i = 0; i < kLanes; ++i) square[i] = next[i];
    }
}

/// Turns `rows` x `columns` values, whose rows lie `stride` apart, into `columns` rows that lie `to_stride` apart. With
/// kFilled they are whole vectors, filled up with zeros, also where `rows` is not positive. Nothing is read from `end`
/// on.
template <class Vector, bool kFilled = false>
DIGITS_KERNEL_INLINE void turn_values(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                                      const float* end, float* to, std::int64_t to_stride) {
    constexpr std::int64_t kLanes = kLanesOf<Vector>;
    for (std::int64_t row = 0; (kFilled && row == 0) || row < rows; row += kLanes)
        for (std::int64_t column = 0; column < columns; column += kLanes) {
            const std::int64_t height = std::min(kLanes, rows - row), width = std::min(kLanes, columns - column);
            const float* corner = from + row * stride + column;
            float* place = to + column * to_stride + row;
            Vector square[kLanes];
            // Whole vectors reach over the columns that are wanted.
            if (height == kLanes && corner + (kLanes - 1) * stride + kLanes <= end) {
                for (std::int64_t i = 0; i < kLanes; ++i) square[i] = load_vector<Vector>(corner + i * stride);
            } else {
                for (std::int64_t i = 0; i < kLanes; ++i)
                    square[i] = i < height ? Lanes<kLanes>::read_some(corner + i * stride, width) : Vector{};
            }
            turn_square(square);
            if (kFilled || height == kLanes) {
                for (std::int64_t i = 0; i < width; ++i) store_vector(place + i * to_stride, square[i]);
            } else {
                for (std::int64_t i = 0; i < width; ++i)
                    Lanes<kLanes>::write_some(place + i * to_stride, square[i], height);
            }
        }
}

/// The same vectors from the last one to the first.
template <class Vector>
DIGITS_KERNEL_INLINE void turn_round(float* vectors, std::int64_t count) {
    for (std::int64_t i = 0; i < count / 2; ++i) {
        float *a = vectors + i * kLanesOf<Vector>, *b = vectors + (count - 1 - i) * kLanesOf<Vector>;
        const Vector first = load_vector<Vector>(a);
        store_vector(a, load_vector<Vector>(b));
        store_vector(b, first);
    }
}

}  // namespace digits
