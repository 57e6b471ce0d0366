#pragma once

#include <cstdint>
#include <string>

#include "base/regular_file.hpp"
#include "base/result.hpp"
#include "base/safe_path.hpp"

namespace digits {

/// As read_file() (base/file.hpp), for a file that a user named, which may be one of many small ones: a
/// std::filesystem::path is taken to pieces when it is made, which costs as much as reading a few hundred bytes.
/// `roots`, `origin`: as RegularFile::open() takes them.
Result<std::string> read_named_file(const std::string& path, std::uint64_t max_bytes, const ReadableRoots& roots = {},
                                    NameOrigin origin = NameOrigin::kGiven);

}  // namespace digits
