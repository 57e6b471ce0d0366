#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

enum class SampleType { kU8, kU16, kF32 };
enum class ColourModel {
    kGrey,   ///< 1 colour channel
    kRgb,    ///< 3
    kCmyk,   ///< 4, as the amount of ink
    kOther,  ///< any number of channels without a known meaning, a multispectral TIFF for instance
};
enum class Alpha { kNone, kStraight, kPremultiplied };
/// How an integer sample of more than 8 bits becomes one of 8.
enum class Narrowing {
    kHighBits,  ///< the upper 8 of its `bits`, as Pillow reads 16-bit RGB and libpng strips
    kRound,     ///< sample x 255 / `white`, half to even, as Pillow reads PNM
};

/// What an image file holds, before it is reduced to 8 bits and 1 or 3 channels: rows of interleaved samples in native
/// byte order, without padding. The colour channels come first, then alpha if there is one, then channels that nobody
/// knows. Palettes are resolved; 1-, 2- and 4-bit samples are scaled to 0..255.
struct Raster {
    int width = 0;
    int height = 0;
    int channels = 0;
    SampleType type = SampleType::kU8;
    ColourModel colours = ColourModel::kGrey;
    Alpha alpha = Alpha::kNone;
    Narrowing narrowing = Narrowing::kHighBits;
    int bits = 8;             ///< of a sample in the file; 32-bit integers are held as floats and lose bits beyond 24
    bool floating = false;    ///< whether the file holds floating-point samples
    double white = 255;       ///< the sample of full intensity by the header; 0 where it does not say (floats)
    int orientation = 1;      ///< of EXIF, 1 to 8: how the rows have to be turned to be upright
    bool is_upright = false;  ///< whether the library has turned them already
    std::vector<std::uint8_t> samples;

    std::size_t sample_bytes() const { return type == SampleType::kU8 ? 1 : type == SampleType::kU16 ? 2 : 4; }
    std::size_t row_bytes() const {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels) * sample_bytes();
    }
    std::uint8_t* row(int y) { return samples.data() + row_bytes() * static_cast<std::size_t>(y); }
    const std::uint8_t* row(int y) const { return samples.data() + row_bytes() * static_cast<std::size_t>(y); }
    /// Sets size and type; the samples are then unspecified.
    void reset(int new_width, int new_height, int new_channels, SampleType new_type = SampleType::kU8) {
        width = new_width;
        height = new_height;
        channels = new_channels;
        type = new_type;
        samples.resize(row_bytes() * static_cast<std::size_t>(height));
    }
};

struct SampleRange {
    double lowest = 0;
    double highest = 255;
};

/// Over the colour channels; NaN and infinities do not count.
SampleRange measure_range(const Raster& raster);

/// To 8 bits and 1 or 3 channels as DIGITS does it with Pillow: alpha is put on white, CMYK becomes RGB. Samples of
/// more than 8 bits go by `narrowing`, floats are cut to 0..255; with a `range`, samples of more than 8 bits are
/// instead scaled so that it fills 0..255. Fails for ColourModel::kOther.
Status to_image(Raster&& raster, const SampleRange* range, Image& out);

/// The samples as they are, as a deep image: grey or R G B without alpha, or all channels where nobody knows what they
/// are. CMYK becomes RGB of 8 bits first.
Status to_deep_image(Raster&& raster, Image& out);

/// Turns by an orientation of EXIF, 1 to 8.
void turn_upright(Image& image, int orientation);
void turn_upright(Raster& raster);

}  // namespace digits
