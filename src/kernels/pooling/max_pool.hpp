#pragma once

#include <cstdint>

#include "kernels/isa/bf16.hpp"
#include "kernels/pooling/pooling_window.hpp"

namespace digits {

/// Max pooling of the planes [begin, end) of x, (planes, height, width). `mask` gets the index h · width + w of each
/// maximum, the first one in row-major order; -1 for a window without pixels, whose maximum is -FLT_MAX.
void max_pool_planes(const float* x, float* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t begin,
                     std::int64_t end);
/// Its gradient; dx is overwritten.
void max_pool_planes_backward(const float* dy, const std::int32_t* mask, float* dx, const PoolingWindow& window,
                              std::int64_t begin, std::int64_t end);

/// The same for the items [begin, end) of a channels-last batch, (items, height, width, channels), of float or Bf16.
template <class T>
void max_pool_channels_last(const T* x, T* y, std::int32_t* mask, const PoolingWindow& window, std::int64_t channels,
                            std::int64_t begin, std::int64_t end);
/// `workspace`: max_pool_workspace<T>() floats for each thread; may be nullptr where that is 0.
template <class T>
void max_pool_channels_last_backward(const T* dy, const std::int32_t* mask, T* dx, const PoolingWindow& window,
                                     std::int64_t channels, std::int64_t begin, std::int64_t end, float* workspace);
/// Gradients of overlapping windows are summed in float.
template <class T>
std::int64_t max_pool_workspace(const PoolingWindow& window, std::int64_t channels);

}  // namespace digits
