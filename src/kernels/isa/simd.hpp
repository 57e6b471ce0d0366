#pragma once

#include <cstdint>

#include "kernels/isa/inline.hpp"
#include "kernels/isa/processor.hpp"

/// Compiles a function for several instruction sets; the best one that the machine has is chosen when the program
/// loads. The sources are compiled with -O3.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define DIGITS_KERNEL __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define DIGITS_KERNEL
#endif

/// Marks functions that work with vectors of eight floats: they are compiled for AVX2 with FMA, and must not be called
/// on other processors (`has_fast_products()`). Those marked wide work with sixteen, for AVX-512
/// (`has_wide_vectors()`).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DIGITS_VECTOR_KERNELS
#define DIGITS_VECTOR_KERNEL __attribute__((target("avx2,fma")))
#define DIGITS_WIDE_KERNEL \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#else
#define DIGITS_VECTOR_KERNEL
#define DIGITS_WIDE_KERNEL
#endif

/// For lambdas that with_vectors() calls.
#define DIGITS_INLINE_LAMBDA __attribute__((always_inline))

namespace digits {

typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

template <class Vector>
inline constexpr std::int64_t kLanesOf = sizeof(Vector) / sizeof(float);

template <class Vector>
DIGITS_KERNEL_INLINE Vector load_vector(const float* from) {
    typedef float Loose __attribute__((vector_size(sizeof(Vector)), aligned(4), may_alias));
    return *reinterpret_cast<const Loose*>(from);
}
template <class Vector>
DIGITS_KERNEL_INLINE void store_vector(float* to, const Vector& value) {
    typedef float Loose __attribute__((vector_size(sizeof(Vector)), aligned(4), may_alias));
    *reinterpret_cast<Loose*>(to) = value;
}
DIGITS_KERNEL_INLINE Vector8 load8(const float* from) { return load_vector<Vector8>(from); }
DIGITS_KERNEL_INLINE void store8(float* to, const Vector8& value) { store_vector(to, value); }

/// Negative values become 0, if that is wanted. Not by a maximum, so that NaN stays NaN.
template <class Vector>
DIGITS_KERNEL_INLINE Vector rectified(const Vector& value, bool rectify) {
    return rectify ? (value < 0 ? Vector{} : value) : value;
}

/// Calls `work` with the widest vectors that this processor has, as `work.operator()<Vector>()`, compiled for them.
template <class Work>
DIGITS_VECTOR_KERNEL void with_narrow_vectors(const Work& work) {
    work.template operator()<Vector8>();
}
template <class Work>
DIGITS_WIDE_KERNEL void with_wide_vectors(const Work& work) {
    work.template operator()<Vector16>();
}
template <class Work>
void with_vectors(const Work& work) {
    has_wide_vectors() ? with_wide_vectors(work) : with_narrow_vectors(work);
}

}  // namespace digits
