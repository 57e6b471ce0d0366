// Bytes of strangers through one image decoder: libFuzzer's entry. The build defines DIGITS_FUZZ_FORMAT, an enumerator
// of ImageFormat (kJpeg, kTiff, …): one target a format, so that each has its own corpus and its own time.
//
// Seeds: the files of that format in tests/images/in.

#include "fuzz.hpp"
#include "image/decode.hpp"
#include "image/label_image.hpp"

namespace {

using namespace digits;
using fuzz::require;

/// Small enough that a round takes milliseconds, large enough that every path is reached.
constexpr DecodeOptions kOptions{.limits = {.max_pixels = 1u << 16, .max_side = 1u << 14, .max_scans = 20},
                                 .depth = DepthConversion::kImageRange};

void check_image(const DecodedImage& decoded) {
    const auto& image = decoded.image;
    require(image.width > 0 && image.height > 0, "an image has pixels");
    require(image.channels == 1 || image.channels == 3, "an image has 1 or 3 channels");
    require(image.pixels.size() == image.row_bytes() * static_cast<std::size_t>(image.height),
            "the samples fill the size");
    require(static_cast<std::uint64_t>(image.width) * static_cast<std::uint64_t>(image.height) <=
                kOptions.limits.max_pixels,
            "the limit of pixels holds");
    require(decoded.facts.orientation >= 1 && decoded.facts.orientation <= 8, "an orientation is 1 to 8");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::text_of(data, size);
    // Inputs of other formats stay out of this one's corpus.
    if (sniff_image(bytes) != ImageFormat::DIGITS_FUZZ_FORMAT) return -1;
    // One decoding an input, so that there can be more of them.
    if (size % 4 == 0) {
        const auto raster = decode_raster(bytes, kOptions);
        fuzz::require_sentence(raster);
        require(!raster || raster->samples.size() == raster->row_bytes() * static_cast<std::size_t>(raster->height),
                "the raster's samples fill its size");
    } else if (size % 4 == 1) {
        const auto label = decode_label_image(bytes, kOptions);
        fuzz::require_sentence(label);
        require(!label || label->values.size() ==
                              static_cast<std::size_t>(label->width) * static_cast<std::size_t>(label->height),
                "a label image has a value for each pixel");
    } else {
        const auto decoded = decode_with_facts(bytes, kOptions);
        fuzz::require_sentence(decoded);
        if (decoded) check_image(*decoded);
    }
    return 0;
}
