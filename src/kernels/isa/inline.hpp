#pragma once

/// For the parts of kernels (simd.hpp): becomes part of each variant.
#define DIGITS_KERNEL_INLINE __attribute__((always_inline)) inline
