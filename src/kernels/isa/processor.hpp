#pragma once

namespace digits {

/// Whether this processor can run our matrix products and convolutions: AVX2 and FMA.
bool has_fast_products();

/// Whether it can run them with vectors twice as wide: AVX-512. Tests can forbid that, to see what others compute.
bool has_wide_vectors();
/// And has instructions for bf16 values in them.
bool has_wide_bf16();
void allow_wide_vectors(bool allow);

/// Whether products of many rows are better made by our own panels than by MKL, which lays both factors out anew: with
/// AVX-512. And all products, since MKL uses AVX-512 on Intel's processors only. Tests can ask for both on any
/// processor with `has_fast_products()`.
bool has_wide_panels();
bool has_own_products();
void ask_for_own_products(bool ask);

}  // namespace digits
