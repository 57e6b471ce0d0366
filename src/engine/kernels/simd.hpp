#pragma once

#include <cstdint>

/// Compiles a function for several instruction sets; the best one that the machine has is chosen when the program
/// loads. The sources are compiled with -O3.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define DIGITS_KERNEL __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define DIGITS_KERNEL
#endif

/// For the parts of such functions: becomes part of each variant.
#define DIGITS_KERNEL_INLINE __attribute__((always_inline)) inline

/// Marks functions that work with vectors of eight floats: they are compiled for AVX2 with FMA, and must not be called
/// on other processors (`has_fast_products()`).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DIGITS_VECTOR_KERNELS
#define DIGITS_VECTOR_KERNEL __attribute__((target("avx2,fma")))
#else
#define DIGITS_VECTOR_KERNEL
#endif

namespace digits {

typedef float Vector8 __attribute__((vector_size(32)));
typedef float LooseVector8 __attribute__((vector_size(32), aligned(4), may_alias));

DIGITS_KERNEL_INLINE Vector8 load8(const float* from) { return *reinterpret_cast<const LooseVector8*>(from); }
DIGITS_KERNEL_INLINE void store8(float* to, const Vector8& value) { *reinterpret_cast<LooseVector8*>(to) = value; }

/// Negative values become 0, if that is wanted. Not by a maximum, so that NaN stays NaN.
DIGITS_KERNEL_INLINE Vector8 rectified(const Vector8& value, bool rectify) {
    return rectify ? (value < 0 ? Vector8{} : value) : value;
}

/// Eight values, zeros behind the first `count`.
DIGITS_KERNEL_INLINE Vector8 load_some(const float* from, std::int64_t count) {
    if (count >= 8) return load8(from);
    alignas(32) float values[8] = {};
    for (std::int64_t i = 0; i < count; ++i) values[i] = from[i];
    return load8(values);
}

}  // namespace digits
