#pragma once

#include <cstdint>

#include "kernels/isa/inline.hpp"
#include "kernels/isa/instruction_set.hpp"

/// Kernels are compiled for several instruction sets, and the widest one that the processor has is chosen at each call
/// (dispatch(), dispatch_vectors()). A function is compiled for a set by its target attribute; what it calls must be
/// inlined (DIGITS_KERNEL_INLINE, DIGITS_INLINE_LAMBDA) to be compiled for that set, too.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define DIGITS_X86_KERNELS
/// Without FMA: the compiler would contract a · b + c, and results would differ from the baseline's.
#define DIGITS_AVX2_AUTO_KERNEL __attribute__((target("avx2")))
#define DIGITS_AVX2_KERNEL __attribute__((target("avx2,fma")))
#define DIGITS_AVX512_KERNEL \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#else
#define DIGITS_AVX2_AUTO_KERNEL
#define DIGITS_AVX2_KERNEL
#define DIGITS_AVX512_KERNEL
#endif

/// For lambdas given to dispatch() and dispatch_vectors(); the lambda must not capture a vector by value.
#define DIGITS_INLINE_LAMBDA __attribute__((always_inline))

namespace digits {

typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

template <class Vector>
inline constexpr std::int64_t kLanesOf = sizeof(Vector) / sizeof(float);

template <class Vector>
DIGITS_KERNEL_INLINE Vector load_vector(const float* from) {
    typedef float Unaligned __attribute__((vector_size(sizeof(Vector)), aligned(4), may_alias));
    return *reinterpret_cast<const Unaligned*>(from);
}
template <class Vector>
DIGITS_KERNEL_INLINE void store_vector(float* to, const Vector& value) {
    typedef float Unaligned __attribute__((vector_size(sizeof(Vector)), aligned(4), may_alias));
    *reinterpret_cast<Unaligned*>(to) = value;
}
DIGITS_KERNEL_INLINE Vector8 load8(const float* from) { return load_vector<Vector8>(from); }
DIGITS_KERNEL_INLINE void store8(float* to, const Vector8& value) { store_vector(to, value); }

/// ReLU if `relu`. Not a maximum, so that NaN stays NaN.
template <class Vector>
DIGITS_KERNEL_INLINE Vector apply_relu(const Vector& value, bool relu) {
    return relu ? (value < 0 ? Vector{} : value) : value;
}

template <class Work>
DIGITS_AVX2_AUTO_KERNEL void run_avx2_auto(const Work& work) {
    work();
}
template <class Work>
void run_baseline(const Work& work) {
    work();
}
/// Calls work(), compiled for AVX2 where the processor has it, else for the baseline. For loops that the compiler
/// vectorizes. Results are the same for both.
template <class Work>
void dispatch(const Work& work) {
    has_avx2() ? run_avx2_auto(work) : run_baseline(work);
}

template <class Work>
DIGITS_AVX2_KERNEL void run_avx2(const Work& work) {
    work.template operator()<Vector8>();
}
template <class Work>
DIGITS_AVX512_KERNEL void run_avx512(const Work& work) {
    work.template operator()<Vector16>();
}
/// Calls work.operator()<Vector>() with the vectors of AVX-512 or AVX2, compiled for that set. The processor must have
/// AVX2.
template <class Work>
void dispatch_vectors(const Work& work) {
    has_avx512() ? run_avx512(work) : run_avx2(work);
}

}  // namespace digits
