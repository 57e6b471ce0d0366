#pragma once

/// For functions that kernels call: inlined into each kernel and compiled for its instruction set (simd.hpp).
#define DIGITS_KERNEL_INLINE __attribute__((always_inline)) inline
