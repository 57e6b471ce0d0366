#include <avif/avif.h>

#include <memory>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

struct DecoderDeleter {
    void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};

/// The orientation of EXIF that a rotation (in quarters, anticlockwise) and then a mirroring amount to.
int orientation_by_boxes(const avifImage& image) {
    constexpr int kRotated[]{1, 8, 3, 6};
    constexpr int kThenTopToBottom[]{4, 5, 2, 7};
    constexpr int kThenLeftToRight[]{2, 7, 4, 5};
    const unsigned quarters = (image.transformFlags & AVIF_TRANSFORM_IROT) != 0 ? image.irot.angle & 3u : 0;
    if ((image.transformFlags & AVIF_TRANSFORM_IMIR) == 0) return kRotated[quarters];
    return image.imir.mode == 0 ? kThenTopToBottom[quarters] : kThenLeftToRight[quarters];
}

/// By the container's boxes alone where there are any or where EXIF is there to contradict; as Pillow.
int read_orientation(const avifImage& image) {
    const int by_boxes = orientation_by_boxes(image);
    if (by_boxes != 1 || image.exif.size > 0) return by_boxes;
    return orientation_of("", {reinterpret_cast<const char*>(image.xmp.data), image.xmp.size});
}

tl::unexpected<Error> damaged(const avifDecoder& decoder, avifResult result) {
    const char* more = decoder.diag.error;
    if (*more == '\0') return fail(ErrorCode::kDataLoss, "damaged AVIF: {}", avifResultToString(result));
    return fail(ErrorCode::kDataLoss, "damaged AVIF: {} ({})", avifResultToString(result), more);
}

}  // namespace

Status decode_avif(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    const std::unique_ptr<avifDecoder, DecoderDeleter> decoder(avifDecoderCreate());
    if (decoder == nullptr) return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    decoder->maxThreads = 1;
    // As Pillow: files without the pixi box or with a wrong clap box are common.
    decoder->strictFlags = AVIF_STRICT_ENABLED & ~AVIF_STRICT_PIXI_REQUIRED & ~AVIF_STRICT_CLAP_VALID;
    auto result =
        avifDecoderSetIOMemory(decoder.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (result == AVIF_RESULT_OK) result = avifDecoderParse(decoder.get());
    if (result != AVIF_RESULT_OK) return damaged(*decoder, result);
    const avifImage& image = *decoder->image;
    DIGITS_TRY(check_size(image.width, image.height, limits));
    result = avifDecoderNextImage(decoder.get());
    if (result != AVIF_RESULT_OK) return damaged(*decoder, result);

    const bool alpha = image.alphaPlane != nullptr;
    const bool deep = image.depth > 8;
    DIGITS_TRY(reset(out, image.width, image.height, alpha ? 4 : 3, deep ? SampleType::kU16 : SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    out.alpha = alpha ? Alpha::kStraight : Alpha::kNone;
    out.orientation = read_orientation(image);
    out.bits = static_cast<int>(image.depth);
    if (deep) {
        out.white = (1 << image.depth) - 1;
        out.narrowing = Narrowing::kRound;
    }
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, &image);
    rgb.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    rgb.depth = image.depth;
    rgb.pixels = out.samples.data();
    rgb.rowBytes = static_cast<std::uint32_t>(out.row_bytes());
    result = avifImageYUVToRGB(&image, &rgb);
    if (result != AVIF_RESULT_OK) return damaged(*decoder, result);
    return {};
}

}  // namespace digits::codec
