#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/safe_path.hpp"

namespace digits {

/// What editors of any system write as the program takes it: without a byte order mark, lines that end in a line feed.
/// Bytes that are not UTF-8 stay, since names of files may have them. Errors: kInvalidArgument for UTF-16 and UTF-32,
/// with or without a byte order mark, whose name is in the message.
Result<std::string> plain_text(std::string bytes);

/// The text without a byte order mark, for what is looked at piece by piece.
std::string_view without_byte_order_mark(std::string_view text);

/// A number of things with its thousands separated, as people read it: "27,060".
std::string grouped(std::uint64_t count);

/// A text file that a user named; errors at its path. `roots`: as RegularFile::open() takes them. Every list, table and
/// network that people bring is read by this.
Result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes, const ReadableRoots& roots = {});

}  // namespace digits
