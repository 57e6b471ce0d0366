#pragma once

#include <ATen/ATen.h>

#include "engine/layer.hpp"

namespace digits {

/// Values of a feed as a top's data. The feed's buffer stays valid until the next forward pass; on the CPU it is used
/// as it is.
inline void set_top(Blob& top, const float* values, const Shape& shape) {
    const at::Tensor host = at::from_blob(const_cast<float*>(values), shape, at::kFloat);
    const Device& device = top.device();
    top.set_data(device.is_cuda ? host.to(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device.ordinal))) : host);
}

}  // namespace digits
