#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"
#include "data/sources/file_types.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

/// That an absolute path is a folder which can be read and may hold images; the message names the first part of the
/// path that fails and the user that the program runs as. The root of the machine and the kernel's own file systems
/// (/proc, /sys) are refused. `where` goes into the error.
Status check_folder(const std::filesystem::path& path, std::string_view where);

/// A sub-folder of a folder of classes and the images in it, at any depth.
struct ClassFolder {
    std::string label;               ///< its name, `_` read as a space
    std::vector<std::string> files;  ///< sorted
};

struct FolderScan {
    std::vector<ClassFolder> classes;   ///< sorted by folder name
    std::vector<std::string> warnings;  ///< folders that could not be read and the like
    FileTypes unsupported;              ///< files in the sub-folders that are not images by their names
};

/// Links to files and folders are followed, but not to a folder above, and not out of `roots`. Left out are folders of
/// the kernel's file systems and those of is_system_folder().
Result<FolderScan> scan_folder(const std::filesystem::path& folder, const ReadableRoots& roots, ScanGuard& guard);

/// The images in a folder at any depth, as those of a class; it need have no sub-folders. Warnings are added, one for
/// files of unsupported types among them.
Result<std::vector<std::string>> find_images(const std::filesystem::path& folder, const ReadableRoots& roots,
                                             ScanGuard& guard, std::vector<std::string>& warnings);

using FilesByEnding = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The files in a folder at any depth whose names have one of these endings (".xml"), in any case, or, for "", are
/// images; each list sorted by what comes behind the folder. One walk, however many endings.
Result<FilesByEnding> find_files(const std::filesystem::path& folder, std::vector<std::string_view> endings,
                                 const ReadableRoots& roots, ScanGuard& guard, std::vector<std::string>& warnings);
/// Of one ending.
Result<std::vector<std::string>> find_files(const std::filesystem::path& folder, std::string_view ending,
                                            const ReadableRoots& roots, ScanGuard& guard,
                                            std::vector<std::string>& warnings);

/// The first image by name, depth first, without reading more folders than needed; empty when there is none.
Result<std::string> find_first_image(const std::filesystem::path& folder, const ReadableRoots& roots, ScanGuard& guard);

}  // namespace digits
