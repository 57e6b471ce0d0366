#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/safe_path.hpp"
#include "data/sources/source.hpp"

namespace digits {

/// The colors of classes, in the order of their numbers.
struct ColorMap {
    std::vector<std::uint32_t> colors;  ///< 0xrrggbb
    std::vector<std::string> names;     ///< where the file has them; else empty
};

/// A text file with red, green and blue on each line, separated by blanks, tabs or commas, or as #rrggbb, and perhaps a
/// name; lines that begin with # and a blank, and blank lines, are none. Or an image, whose palette counts. Lines that
/// are not understood become findings. Errors: of reading the file, kInvalidArgument without any color.
Result<ColorMap> read_color_map(const std::string& path, const ReadableRoots& roots, const SourceContext& context,
                                Findings& findings);

}  // namespace digits
