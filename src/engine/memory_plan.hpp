#pragma once

#include <cstdint>

namespace digits {

class Net;

/// Bytes that the tensors of a net take at most, found by going through forward and backward passes with sizes in place
/// of tensors, gradients of blobs not being kept: what is made, what is kept for how long, and what the block cache
/// makes of it.
std::int64_t plan_memory(const Net& net);

}  // namespace digits
