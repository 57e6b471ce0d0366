#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <utility>

#include "kernels/elementwise/channels.hpp"

namespace digits {

// The kernels of kernels/elementwise/channels.hpp for channels-last tensors (layout.hpp), with all threads.

/// On the CPU.
at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type = at::kFloat);

/// Whether a result should be written around the caches: it is larger than they are.
inline bool is_streamed(const at::Tensor& x) { return x.nbytes() >= std::size_t{8} << 20; }

/// The kernel adds to `sums`, (kSums x channels), for the pixels [begin, end).
using SumPixels = std::function<void(double* sums, std::int64_t begin, std::int64_t end)>;
/// (count x channels) in double precision.
at::Tensor sum_pixels(std::int64_t count, std::int64_t channels, std::int64_t pixels, const SumPixels& kernel);

/// Whether the values of both have the same type and order in memory.
bool walk_alike(const at::Tensor& a, const at::Tensor& b);
/// a + b in the same memory format, then ReLU if `relu`.
at::Tensor added(const at::Tensor& a, const at::Tensor& b, bool relu);

/// The sum over everything but the channels, in float.
at::Tensor channel_sums(const at::Tensor& x);
/// dy where y > 0, else 0, and its channel sums. Both have the same type.
std::pair<at::Tensor, at::Tensor> relu_gradient_and_sums(const at::Tensor& dy, const at::Tensor& y);

}  // namespace digits
