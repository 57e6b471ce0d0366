#pragma once

#include <cstdint>

#include "kernels/elementwise/channels.hpp"

namespace digits {

/// The passes of channels.hpp for processors with AVX-512 and its instructions for bf16.
template <class T>
struct WidePasses {
    static void sum(const T* x, double* sum, std::int64_t channels, std::int64_t rows);
    static void sum_squares(const T* x, const float* shift, double* sum, double* squares, std::int64_t channels,
                            std::int64_t rows);
    static void scale(const T* x, const float* factor, const float* offset, bool rectify, T* y, std::int64_t channels,
                      std::int64_t rows, bool stream);
    static void sum_gradients(const ScaledChannels<T>& forward, const T* dy, double* sum, double* product,
                              std::int64_t channels, std::int64_t rows);
    static void scale_gradients(const ScaledChannels<T>& forward, const T* dy, const float* constant,
                                const float* slope, T* dx, std::int64_t channels, std::int64_t rows, bool stream);
    static void rectify(const T* dy, const T* y, T* g, double* sum, std::int64_t channels, std::int64_t rows);
    static void rectify_in_place(T* dy, const T* y, std::int64_t count);
    static void add(const T* a, const T* b, bool rectify, T* y, std::int64_t count, bool stream);
    static void clip(const T* dy, const T* x, float low, float high, T* dx, std::int64_t count);
};

extern template struct WidePasses<float>;
extern template struct WidePasses<Bf16>;

}  // namespace digits
