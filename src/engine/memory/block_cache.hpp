#pragma once

#include <cstddef>

namespace digits {

/// Allocates libtorch's large CPU tensors from one memory region that is never returned: a training needs the same
/// sizes in each iteration. glibc's heap would fragment and take up to half more, and new pages for each tensor would
/// cost up to a third of the time. Call it before the first tensor; later calls have no effect.
void use_block_cache();

/// Smaller tensors are on glibc's heap.
inline constexpr std::size_t kLeastBlockBytes = std::size_t{256} << 10;
/// The size of the block for a tensor of so many bytes: whole pages.
std::size_t block_size(std::size_t bytes);

/// Bytes of that region, used or free. 0 without use_block_cache().
std::size_t block_cache_bytes();

}  // namespace digits
