#pragma once

// The decoders behind decode_image, one per format; each source of this folder that ends in its name.

#include <cstdint>
#include <string_view>

#include "image/decode.hpp"

namespace digits::codec {

/// kTooLarge or kDataLoss when a header's size is not one to decode.
Status check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits);

/// `alpha` over white for one sample, rounded as Pillow's paste.
inline std::uint8_t over_white(unsigned sample, unsigned alpha) {
    const unsigned sum = 255u * (255u - alpha) + sample * alpha + 128u;
    return static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
}

Status decode_jpeg(std::string_view bytes, const DecodeLimits& limits, Image& out);
Status decode_png(std::string_view bytes, const DecodeLimits& limits, Image& out);
Status decode_bmp(std::string_view bytes, const DecodeLimits& limits, Image& out);
Status decode_pnm(std::string_view bytes, const DecodeLimits& limits, Image& out);

}  // namespace digits::codec
