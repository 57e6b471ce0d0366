#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// Writes a new file that lives as long as a request: for this user alone, and not flushed to the disk.
Status write_scratch_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace digits
