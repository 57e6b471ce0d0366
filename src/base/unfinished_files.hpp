#pragma once

#include <filesystem>
#include <string_view>

namespace digits {

/// Part of the name of a file that AtomicFile writes and has not committed.
inline constexpr std::string_view kUnfinishedMark = ".writing-";

/// Removes what a process that was killed left of files in this folder (not below it), but for those of `others`, which
/// another process may be writing.
void remove_unfinished_files(const std::filesystem::path& folder, std::string_view others);

}  // namespace digits
