#pragma once

#include <cstdint>

#include "engine/net/blob.hpp"

namespace digits {

class Net;

/// Makes the allocator keep its pages: otherwise large temporaries are mapped, zeroed and unmapped in every iteration,
/// which costs up to a third of the time. Call it before the first network is built.
void keep_freed_memory();

/// Bytes that training a net takes on the CPU, with one row of history, beside what the process has before
/// (memory_plan.hpp). For a TEST net: without gradients and history.
std::int64_t estimate_memory(const Net& net);

/// Bytes of main memory that this process has now, and had at most. 0 where the system does not tell.
std::int64_t resident_bytes();
std::int64_t peak_resident_bytes();
/// On a GPU: what this process's tensors took at most.
std::int64_t peak_bytes(const Device& device);

}  // namespace digits
