#pragma once

#include "kernels/convolution/winograd.hpp"

namespace digits {

/// The transforms of bf16 tiles for AVX-512 with AVX512_BF16, of the tiles [begin, end) of a block whose first tile is
/// `first`; see winograd.cpp.
void winograd_transform_inputs_avx512(const WinogradShape& shape, const Bf16* x, float* inputs, std::int64_t first,
                                      std::int64_t block, std::int64_t begin, std::int64_t end);
void winograd_transform_gradients_avx512(const WinogradShape& shape, const Bf16* dy, float* gradients,
                                         std::int64_t first, std::int64_t block, std::int64_t begin, std::int64_t end);
void winograd_transform_products_avx512(const WinogradShape& shape, const float* products, std::int64_t block,
                                        const float* bias, bool relu, Bf16* y, std::int64_t first, std::int64_t count);

}  // namespace digits
