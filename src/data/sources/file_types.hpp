#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace digits {

/// How many files have each type, as unsupported_type() names it: ".psd", "no ending".
using FileTypes = std::map<std::string, std::uint64_t>;

void add_types(const FileTypes& more, FileTypes& all);
std::uint64_t count_files(const FileTypes& types);
/// "12 files of unsupported types are skipped: .psd 12", the most frequent types first.
std::string unsupported_text(const FileTypes& types);

/// "1 image", "3 images".
std::string count_of(std::uint64_t count, std::string_view noun);

}  // namespace digits
