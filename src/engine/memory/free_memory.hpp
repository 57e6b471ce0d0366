#pragma once

#include "base/main_memory.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// What a training may still take on a device: of main memory, within the limits of this process's control groups; and
/// on any device at most $DIGITS_MEMORY_LIMIT_MB (for machines that are shared).
MemoryRoom memory_of(const Device& device);

}  // namespace digits
