#pragma once

#include <cstdint>
#include <string>

namespace digits {

class Net;

/// The peak bytes of the tensors of a net. Simulates forward and backward passes with sizes instead of tensors: what is
/// allocated, how long it is kept, and how the block cache places it. Gradients of blobs are not kept.
std::int64_t plan_memory(const Net& net);

/// Whether layers of this type multiply by weights, in the precision of products.
bool multiplies(const std::string& type);

}  // namespace digits
