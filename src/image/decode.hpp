#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// What a picture may cost; the header is checked before memory is taken.
struct DecodeLimits {
    std::uint64_t max_pixels = 178'956'970;  ///< as Pillow's: half a GB of RGB
    int max_side = 65'500;
    int max_scans = 500;  ///< of a progressive JPEG
};

enum class ImageFormat { kUnknown, kJpeg, kPng, kBmp, kPnm };
/// By the first bytes, not by a name.
ImageFormat sniff_image(std::string_view bytes);

/// A picture as DIGITS loads it: grey pictures have 1 channel, all others 3; palettes are resolved, alpha is put on
/// white, CMYK becomes RGB, 16 bits lose the low byte, no EXIF rotation. JPEG, PNG, BMP and PNM. Errors: kUnsupported
/// for another format, kTooLarge over a limit, kDataLoss for a damaged or cut off file.
Result<Image> decode_image(std::string_view bytes, const DecodeLimits& limits = {});
/// The same into memory that is used again.
Status decode_image_into(std::string_view bytes, const DecodeLimits& limits, Image& out);

}  // namespace digits
