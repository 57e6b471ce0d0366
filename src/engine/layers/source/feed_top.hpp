#pragma once

#include <ATen/ATen.h>

#include "engine/net/layer.hpp"
#include "engine/net/place.hpp"

namespace digits {

/// Values of a feed as a top's data. The feed's buffer stays valid until the next forward pass; on the CPU it is used
/// as it is.
inline void set_top(Blob& top, const float* values, const Shape& shape) {
    const at::Tensor host = at::from_blob(const_cast<float*>(values), shape, at::kFloat);
    top.set_data(host.to(place(top.device())));
}

}  // namespace digits
