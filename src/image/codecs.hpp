#pragma once

// The decoders behind decode_image, one per format: each source of this folder that is named after it. They fill `out`,
// may use the memory that `out.samples` has, and throw std::bad_alloc and nothing else.

#include <cstdint>
#include <string_view>
#include <vector>

#include "image/decode.hpp"
#include "image/raster.hpp"
#include "image/sniff.hpp"

namespace digits::codec {

/// kTooLarge or kDataLoss when a header's size is not one to decode.
Status check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits);
/// The same, then takes the memory.
Status reset(Raster& raster, std::int64_t width, std::int64_t height, int channels, SampleType type,
             const DecodeLimits& limits);

/// a x b / 255, rounded as Pillow does it.
inline unsigned multiply_255(unsigned a, unsigned b) {
    const unsigned product = a * b + 128u;
    return ((product >> 8) + product) >> 8;
}

/// `alpha` over white for one sample, rounded as Pillow's paste.
inline std::uint8_t over_white(unsigned sample, unsigned alpha) {
    const unsigned sum = 255u * (255u - alpha) + sample * alpha + 128u;
    return static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
}

/// One pixel of C M Y K (255 is full ink) to R G B, as Pillow's convert.
inline void ink_to_rgb(const std::uint8_t* ink, std::uint8_t* rgb) {
    const unsigned not_black = 255u - ink[3];
    for (int c = 0; c < 3; ++c) {
        const unsigned taken = multiply_255(ink[c], not_black);
        rgb[c] = static_cast<std::uint8_t>(taken > not_black ? 0 : not_black - taken);
    }
}

/// One pixel of Y Cb Cr (JPEG's, of the full range) to R G B in place, rounded as Pillow's convert.
void luma_chroma_to_rgb(std::uint8_t* pixel);

/// 1 to 8 from a block of EXIF data, with or without "Exif\0\0" in front; 0 when it has none.
int exif_orientation(std::string_view exif);
/// The same from an XMP packet.
int xmp_orientation(std::string_view xmp);
/// What the two say together: EXIF first, 1 by default.
int orientation_of(std::string_view exif, std::string_view xmp);

Status decode_jpeg(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_png(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_bmp(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_pnm(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_npy(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_tiff(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_webp(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_gif(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_tga(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_pcx(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_sgi(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_ico(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_avif(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_heic(std::string_view bytes, const DecodeLimits& limits, Raster& out);
Status decode_jpeg2000(std::string_view bytes, const DecodeLimits& limits, Raster& out);

/// The same without resolving palettes: the first channel has the numbers of the colors, which `palette` gets as
/// 0xrrggbb; without a palette it stays empty. Samples of one bit are 0 and 1. PNG leaves grey samples of 2 and 4 bits
/// as they are, too.
using Palette = std::vector<std::uint32_t>;
Status decode_png_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_bmp_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_pnm_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_tiff_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_gif_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_tga_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);
Status decode_pcx_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette);

/// The bitmap of an icon: a BMP without its file header, twice as high, with a mask below or an alpha channel.
Status decode_icon_bitmap(std::string_view bytes, bool has_alpha, const DecodeLimits& limits, Raster& out);

}  // namespace digits::codec
