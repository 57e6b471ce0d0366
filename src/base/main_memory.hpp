#pragma once

#include <cstdint>
#include <filesystem>

namespace digits {

/// Bytes of memory that this process may use; 0 where the system does not tell.
struct MemoryRoom {
    std::int64_t free = 0;   ///< without swapping
    std::int64_t total = 0;  ///< when nothing else runs
};

/// Main memory: what the machine has, within the limits of the control groups (version 1 and 2) that this process is
/// in. File cache counts as free, for the kernel gives it up. `system`: the root of the file system, for tests.
MemoryRoom main_memory(const std::filesystem::path& system = "/");

}  // namespace digits
