#pragma once

#include <ATen/ATen.h>

namespace digits {

/// A tensor of 4 axes as a kernel can walk it: dense, channels last if it is so already.
inline at::Tensor dense(const at::Tensor& x, bool channels_last) {
    return x.contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}
inline bool is_channels_last(const at::Tensor& x) {
    return x.dim() == 4 && x.size(1) > 1 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}
inline at::Tensor empty_like(const at::Tensor& x, at::IntArrayRef sizes, at::ScalarType type, bool channels_last) {
    return at::empty(sizes, x.options().dtype(type),
                     channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace digits
