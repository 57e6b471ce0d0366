#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"
#include "image/image_facts.hpp"
#include "image/raster.hpp"

namespace digits {

/// What an image may cost; the header is checked before memory is taken.
struct DecodeLimits {
    std::uint64_t max_pixels = 178'956'970;  ///< as Pillow's: half a GB of RGB
    int max_side = 65'500;
    int max_scans = 500;  ///< of a progressive JPEG
};

/// How samples of more than 8 bits are converted to 8.
enum class DepthConversion {
    kByDepth,     ///< by the depth of the file: 16 bits lose the low byte; floats are cut to 0..255
    kImageRange,  ///< so that the lowest and the highest sample of this image become 0 and 255
    kGivenRange,  ///< so that DecodeOptions::range becomes 0..255: the same for every image of a dataset
};

struct DecodeOptions {
    DecodeLimits limits{};
    bool upright =
        true;  ///< turn by the EXIF orientation; false for records, whose bytes are as Caffe's readers take them
    DepthConversion depth = DepthConversion::kByDepth;
    SampleRange range{};
    bool keeps_depth = false;  ///< the image is deep: the samples as the file has them, `depth` is not looked at
    int bands = 0;             ///< of deep images: the channels that a file must have; 0: 1 or 3
};

struct DecodedImage {
    Image image;
    ImageFacts facts;
};

/// An image as DIGITS loads it: grey images have 1 channel, all others 3; palettes are resolved, alpha is put on white,
/// CMYK becomes RGB, the first frame or page is taken, and EXIF's orientation makes it upright. All of image_formats().
/// Errors: kUnsupported for another format or a variant that is not read, kTooLarge over a limit, kDataLoss for a
/// damaged or cut off file. Whatever the bytes are, it returns; other threads may decode at the same time.
Result<Image> decode_image(std::string_view bytes, const DecodeOptions& options = {});
/// The same into memory that is used again.
Status decode_image_into(std::string_view bytes, const DecodeOptions& options, Image& out);
/// The same with what the file is.
Result<DecodedImage> decode_with_facts(std::string_view bytes, const DecodeOptions& options = {});

/// The samples as the file has them: all channels, 16 bits and floats too. Upright, if the options say so; their depth
/// conversion is not used.
Result<Raster> decode_raster(std::string_view bytes, const DecodeOptions& options = {});
/// The same, but the first channel of an image with a palette has the numbers of its colors, and samples of one bit are
/// 0 and 1, as in numpy's array of Pillow's image. `palette` gets the colors as 0xrrggbb; it stays empty without one.
Result<Raster> decode_indices(std::string_view bytes, const DecodeOptions& options,
                              std::vector<std::uint32_t>& palette);

}  // namespace digits
