#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A grey or RGB PNG file of 8 bits (a deep image as it is shown), by the settings that are quick without being large.
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
/// Samples of 16 bits, interleaved: grey or RGB.
struct DeepImage {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::vector<std::uint16_t> samples;
};
/// A PNG file of 16 bits a sample.
Result<std::string> encode_png(const DeepImage& image);
/// A grey or RGB JPEG file with 4:2:0 colour; 90 is DIGITS' quality for records.
Result<std::string> encode_jpeg(const Image& image, int quality = 90);

}  // namespace digits
