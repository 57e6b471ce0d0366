#pragma once

#include <cstdint>

#include "engine/net/blob.hpp"

namespace digits {

/// Bytes that a training may still take on a device without swapping; 0 where the system does not tell. Of main memory
/// what this process's control group allows, and on any device $DIGITS_MEMORY_LIMIT_MB (for machines that are shared).
std::int64_t free_memory_bytes(const Device& device);

}  // namespace digits
