#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace digits {

/// What names of one file have in common that systems write in several ways: letters of either case, and letters with
/// marks as one character or as a letter and its marks (macOS stores them so). The key has neither case nor marks, so
/// two files may share one: it is for names that nothing else matches. Other bytes stay.
std::string loose_name(std::string_view name);

/// A name that a label file of another machine has, as a path of this one: "\\" becomes "/"; without "C:",
/// "http://host",
/// "./" in front and "?query" behind.
std::string plain_path(std::string_view name);

/// The file that a list names: a relative path starts at `root`, without one at the folder of the list. A path of
/// Windows is made plain where no file has it.
std::string listed_path(const std::filesystem::path& root, const std::string& path, const std::filesystem::path& list);

/// The bytes that "%20" stands for; the same text where there is nothing of the kind.
std::string percent_decoded(std::string_view text);

}  // namespace digits
