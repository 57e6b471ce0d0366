#pragma once

#include <c10/core/Device.h>

#include "engine/net/blob.hpp"

namespace digits {

/// The device in libtorch's terms.
inline c10::Device place(const Device& device) {
    return device.is_cuda ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device.ordinal))
                          : c10::Device(c10::kCPU);
}

}  // namespace digits
