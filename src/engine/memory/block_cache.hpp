#pragma once

#include <cstddef>

namespace digits {

/// From now on libtorch's large CPU tensors come from one stretch of memory that is never given back: a training asks
/// for the same sizes in each iteration. glibc's heap would tear between them and take up to half more, and
/// fresh pages for each tensor would cost up to a third of the time. To call before the first tensor; again is no harm.
void use_block_cache();

/// Smaller tensors come from glibc's heap as ever.
inline constexpr std::size_t kLeastBlockBytes = std::size_t{256} << 10;
/// The block that holds a tensor of so many bytes: whole pages.
std::size_t block_size(std::size_t bytes);

/// Bytes of that stretch, used or free. 0 without use_block_cache().
std::size_t block_cache_bytes();

}  // namespace digits
