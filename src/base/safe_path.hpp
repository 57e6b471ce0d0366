#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// `root / relative` with links resolved, provided that it lies inside `root`; else kPermissionDenied. The file need
/// not exist.
Result<std::filesystem::path> resolve_inside(const std::filesystem::path& root, std::string_view relative);

/// An absolute path with links resolved, provided that it lies inside one of `roots`; else kPermissionDenied.
Result<std::filesystem::path> resolve_allowed(const std::vector<std::filesystem::path>& roots,
                                              const std::filesystem::path& path);

}  // namespace digits
