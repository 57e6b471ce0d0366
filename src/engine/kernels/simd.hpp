#pragma once

/// Compiles a function for several instruction sets; the best one that the machine has is chosen when the program
/// loads. The sources are compiled with -O3.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define DIGITS_KERNEL __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define DIGITS_KERNEL
#endif

/// For the parts of such functions: becomes part of each variant.
#define DIGITS_KERNEL_INLINE __attribute__((always_inline)) inline
