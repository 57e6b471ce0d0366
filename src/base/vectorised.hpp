#pragma once

/// Before a plain loop function: it is built for each width of vector unit, and the loader takes the best that the
/// machine has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define DIGITS_VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DIGITS_VECTORISED
#endif
