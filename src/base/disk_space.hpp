#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// "53.5 GB", "820 MB", "12 KB".
std::string size_text(std::int64_t bytes);

/// Bytes that may still be written where a path is, or would be; none where the system does not tell.
std::optional<std::int64_t> free_disk_bytes(const std::filesystem::path& path);

/// "No space left on device: needs about 2.1 GB, 300 MB are free where PATH is". `needed` 0: not known.
Error disk_full_error(const std::filesystem::path& path, std::int64_t needed = 0);

/// Of a write that failed: the above on a full disk, also where a library tells only of a failed write (EIO); else
/// errno_error().
Error write_error(std::string_view what, const std::filesystem::path& path, int errno_value, std::int64_t needed = 0);

/// Refuses to write `needed` bytes where there is no space for them.
Status check_disk_space(const std::filesystem::path& path, std::int64_t needed);

}  // namespace digits
