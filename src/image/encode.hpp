#pragma once

#include <string>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A grey or RGB PNG file, by the settings that are quick without being large.
Result<std::string> encode_png(const Image& image);
/// A grey or RGB JPEG file with 4:2:0 colour; 90 is DIGITS' quality for records.
Result<std::string> encode_jpeg(const Image& image, int quality = 90);

}  // namespace digits
