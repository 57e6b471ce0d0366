// Bytes of strangers through one image decoder: libFuzzer's entry. The build defines DIGITS_FUZZ_FORMAT, an enumerator
// of ImageFormat (kJpeg, kTiff, …): one target a format, so that each has its own corpus and its own time.
//
// Seeds: the files of that format in tests/images/in.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "image/decode.hpp"

namespace {

using namespace digits;

/// Small enough that a round takes milliseconds, large enough that every path is reached.
constexpr DecodeOptions kOptions{.limits = {.max_pixels = 1u << 20, .max_side = 1u << 14, .max_scans = 20},
                                 .depth = DepthConversion::kImageRange};

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

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
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    // Inputs of other formats stay out of this one's corpus.
    if (sniff_image(bytes) != ImageFormat::DIGITS_FUZZ_FORMAT) return -1;
    if (const auto decoded = decode_with_facts(bytes, kOptions))
        check_image(*decoded);
    else
        require(!decoded.error().message.empty(), "an error says what is wrong");
    if (const auto raster = decode_raster(bytes, kOptions))
        require(raster->samples.size() == raster->row_bytes() * static_cast<std::size_t>(raster->height),
                "the raster's samples fill its size");
    return 0;
}
