#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <utility>

#include "kernels/elementwise/channels.hpp"

namespace digits {

// Passes of kernels/elementwise/channels.hpp over tensors that lie channels last (layout.hpp), by all threads.

/// On the CPU.
at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type = at::kFloat);

/// Whether a result is better written around the caches, which hold no part of it until it is read.
inline bool is_streamed(const at::Tensor& x) { return x.nbytes() >= std::size_t{8} << 20; }

/// The kernel adds to `sums`, (kSums x channels), for the pixels [begin, end).
using SumPixels = std::function<void(double* sums, std::int64_t begin, std::int64_t end)>;
/// (count x channels) in double precision.
at::Tensor sum_pixels(std::int64_t count, std::int64_t channels, std::int64_t pixels, const SumPixels& kernel);

/// Whether one pass of the kernels may go through both, value by value.
bool walk_alike(const at::Tensor& a, const at::Tensor& b);
/// a + b, which walk alike; negative values 0 with `rectify`.
at::Tensor added(const at::Tensor& a, const at::Tensor& b, bool rectify);

/// The sum over everything but the channels, in float.
at::Tensor channel_sums(const at::Tensor& x);
/// dy where y > 0, else 0; and its channel sums. Both are of one type.
std::pair<at::Tensor, at::Tensor> rectified_gradient(const at::Tensor& dy, const at::Tensor& y);

}  // namespace digits
