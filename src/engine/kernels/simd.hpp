#pragma once

/// Compiles a function for several instruction sets; the best one that the machine has is chosen when the program
/// loads.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define DIGITS_KERNEL __attribute__((target_clones("arch=skylake-avx512", "avx2", "default"), optimize("O3")))
#else
#define DIGITS_KERNEL
#endif
