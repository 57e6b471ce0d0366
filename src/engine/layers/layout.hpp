#pragma once

#include <ATen/ATen.h>

#include "engine/net/blob.hpp"

namespace digits {

/// A dense tensor of 4 axes; channels-last if it is that already.
inline at::Tensor dense(const at::Tensor& x, bool channels_last) {
    return x.contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}
inline bool is_channels_last(const at::Tensor& x) {
    return x.dim() == 4 && x.size(1) > 1 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}
/// The tensor in channels-last format, also where an axis of 1 makes the formats equal. 4 axes.
inline at::Tensor channels_last(const at::Tensor& x) {
    const Shape strides{x.size(1) * x.size(2) * x.size(3), 1, x.size(1) * x.size(3), x.size(1)};
    if (x.strides() == at::IntArrayRef(strides)) return x;
    if (x.is_contiguous(at::MemoryFormat::ChannelsLast)) return x.as_strided(x.sizes(), strides);
    return at::empty_strided(x.sizes(), strides, x.options()).copy_(x);
}
inline at::Tensor empty_like(const at::Tensor& x, at::IntArrayRef sizes, at::ScalarType type, bool channels_last) {
    return at::empty(sizes, x.options().dtype(type),
                     channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace digits
