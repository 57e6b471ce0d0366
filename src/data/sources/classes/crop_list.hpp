#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "data/sample.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

struct Crop {
    std::string path;
    PixelBox box;
    std::string label;
};

struct CropList {
    std::vector<Crop> entries;
    std::vector<std::string> warnings;  ///< of lines that are left out, the first few with number and reason
};

/// Lines of `path,x,y,width,height,label` with commas, semicolons or tabs between them; a path with such a character
/// is in quotes. A first line that begins with "path" is a header. Relative paths get `root` in front. Errors:
/// kInvalidArgument without any valid line; kPermissionDenied, with the line, for a path that leads out of `roots`
/// (empty: everywhere); those of `guard`.
Result<CropList> read_crop_list(const std::filesystem::path& file, const std::filesystem::path& root,
                                const std::vector<std::string>& roots, ScanGuard& guard);

}  // namespace digits
