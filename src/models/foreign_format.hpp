#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// Refuses files of other frameworks by name and by first bytes, with words; above all those that run code when they
/// are read (pickles, Lua). Such a file is never opened for more than its first bytes. `name` is what the user calls
/// it. Errors: kUnsupported, file errors.
Status refuse_foreign_format(const std::filesystem::path& file, std::string_view name);

}  // namespace digits
