#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// .png .jpg .jpeg .bmp .ppm .pgm in any case.
bool has_image_extension(std::string_view name);

/// That an absolute path is a folder which can be read; the message names the first part of the path that fails and the
/// user that the program runs as. `where` goes into the error.
Status check_folder(const std::filesystem::path& path, std::string_view where);

/// A sub-folder of a source and the pictures in it, at any depth.
struct ClassFolder {
    std::string label;               ///< its name, `_` read as a space
    std::vector<std::string> files;  ///< sorted
};

struct FolderScan {
    std::vector<ClassFolder> classes;   ///< sorted by folder name
    std::vector<std::string> warnings;  ///< folders that could not be read and the like
};

/// `found(n)` is called now and then with the number of pictures so far, by one thread at a time; false stops with
/// kCancelled.
Result<FolderScan> scan_folder(const std::filesystem::path& folder, const std::function<bool(std::size_t)>& found);

/// The pictures in a folder at any depth, as those of a class; it need have no sub-folders. Warnings as above are
/// added.
Result<std::vector<std::string>> find_pictures(const std::filesystem::path& folder, std::vector<std::string>& warnings,
                                               const std::function<bool(std::size_t)>& found);

/// How many of `size` pictures go to each set, by DIGITS' rounding; every set with a percentage gets one if it can.
struct SplitSizes {
    std::size_t train = 0;
    std::size_t val = 0;
    std::size_t test = 0;
};
SplitSizes split_sizes(std::size_t size, int percent_val, int percent_test);

}  // namespace digits
