#pragma once

#include <cstdint>
#include <string>

namespace digits {

class Net;

/// Bytes that the tensors of a net take at most, found by going through forward and backward passes with sizes in place
/// of tensors, gradients of blobs not being kept: what is made, what is kept for how long, and what the block cache
/// makes of it.
std::int64_t plan_memory(const Net& net);

/// Whether layers of this type multiply by weights, in the precision of products.
bool multiplies(const std::string& type);

}  // namespace digits
