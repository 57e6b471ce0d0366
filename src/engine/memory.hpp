#pragma once

#include <cstdint>

namespace digits {

class Net;

/// Makes the allocator keep the pages that it has: large temporaries would else be mapped, zeroed and unmapped in every
/// iteration, which costs up to a third of the time. Call it before the first network is built.
void keep_freed_memory();

/// Bytes of all blobs and of the parameters with their gradients and one row of history.
std::int64_t estimate_memory(const Net& net);

}  // namespace digits
