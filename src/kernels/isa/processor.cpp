#include "kernels/isa/processor.hpp"

#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

bool wide_vectors_allowed = true, own_products_wanted = false;

}  // namespace

bool has_fast_products() {
#ifdef DIGITS_VECTOR_KERNELS
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool has_wide_vectors() {
#ifdef DIGITS_VECTOR_KERNELS
    return wide_vectors_allowed && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

bool has_wide_bf16() {
#ifdef DIGITS_VECTOR_KERNELS
    return has_wide_vectors() && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

bool has_wide_panels() { return own_products_wanted ? has_fast_products() : has_wide_vectors(); }

bool has_own_products() {
#ifdef DIGITS_VECTOR_KERNELS
    return has_wide_panels() && (own_products_wanted || !__builtin_cpu_is("intel"));
#else
    return false;
#endif
}

void ask_for_own_products(bool ask) { own_products_wanted = ask; }

void allow_wide_vectors(bool allow) { wide_vectors_allowed = allow; }

}  // namespace digits
