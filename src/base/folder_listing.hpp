#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

struct FolderEntry {
    std::string name;
    bool is_folder = false;
    std::optional<std::uint64_t> bytes;  ///< of a file
};

struct FolderListing {
    std::filesystem::path folder;                 ///< without links
    std::optional<std::filesystem::path> parent;  ///< none where it may not be shown
    std::vector<FolderEntry> entries;             ///< folders first, then by name, capital or not
    bool truncated = false;
};

struct ListingLimits {
    std::size_t most_shown = 1000;
    /// A folder may hold millions of files; so many names are looked at before the first ones in order are chosen.
    std::size_t most_read = 100'000;
    std::chrono::milliseconds time{5000};
};

/// The folders and plain files in a folder whose names begin with `prefix`: no hidden ones (unless the prefix begins
/// with a dot), none that leads out of `roots` (empty: everywhere), none whose name is not UTF-8. Errors:
/// kInvalidArgument for a path that is not absolute, kNotFound, kPermissionDenied.
Result<FolderListing> list_folder(const std::filesystem::path& folder, const std::vector<std::string>& roots,
                                  std::string_view prefix = "", const ListingLimits& limits = {});

/// Whether somebody may name this path in a request, and whether it is there: a folder with contents of its own (not
/// /proc and its like), or a regular file. kInvalidArgument, kNotFound, kPermissionDenied.
Status check_named_path(const std::string& path, bool is_folder, const std::vector<std::string>& roots);

}  // namespace digits
