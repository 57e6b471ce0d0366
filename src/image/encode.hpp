#pragma once

#include <string>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A grey or RGB PNG file. `level` is zlib's, 1 (fast) to 9 (small).
Result<std::string> encode_png(const Image& image, int level = 6);
/// A grey or RGB JPEG file with 4:2:0 colour; 90 is DIGITS' quality for records.
Result<std::string> encode_jpeg(const Image& image, int quality = 90);

}  // namespace digits
