#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"
#include "kernels/pooling/pooling_window.hpp"

namespace digits {

/// Maximum pooling of the planes [begin, end) of x (plane after plane, H x W each). `mask` gets the place h·W + w of
/// each maximum (the first in row-major order), -1 for a window without pixels, whose value is -FLT_MAX.
void max_pool_planes(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t begin,
                     std::int64_t end);
/// Its gradient; dx is overwritten.
void max_pool_planes_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                              std::int64_t begin, std::int64_t end);

/// The same for the items [begin, end) of a channels-last batch (H x W x channels each), of floats or bf16.
void max_pool_items(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                    std::int64_t begin, std::int64_t end);
void max_pool_items_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                             std::int64_t channels, std::int64_t begin, std::int64_t end);
void max_pool_items(const Bf16* x, Bf16* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                    std::int64_t begin, std::int64_t end);
void max_pool_items_backward(const Bf16* dy, const std::int32_t* mask, Bf16* dx, const PoolingWindow& window,
                             std::int64_t channels, std::int64_t begin, std::int64_t end);

}  // namespace digits
