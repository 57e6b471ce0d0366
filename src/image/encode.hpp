#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A grey or RGB PNG file, by the settings that are quick without being large.
Result<std::string> encode_png(const Image& image);
/// A number of a palette for each pixel, row by row.
struct IndexedImage {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> indices;
    std::vector<std::string> colors;  ///< "#rrggbb" of each number, at most 256
};
/// A PNG file with a palette, whose pixels stay the numbers. Errors: kInvalidArgument for a color of another form.
Result<std::string> encode_png(const IndexedImage& image);
/// A grey or RGB JPEG file with 4:2:0 colour; 90 is DIGITS' quality for records.
Result<std::string> encode_jpeg(const Image& image, int quality = 90);

}  // namespace digits
