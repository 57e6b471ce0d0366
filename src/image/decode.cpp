#include "image/decode.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#include "image/codecs.hpp"

namespace digits {
namespace {

struct Codec {
    ImageFormat format;
    Status (*decode)(std::string_view bytes, const DecodeLimits& limits, Raster& out);
    /// Of formats that have palettes.
    Status (*decode_indices)(std::string_view bytes, const DecodeLimits& limits, Raster& out,
                             codec::Palette& palette) = nullptr;
};

constexpr std::array<Codec, 15> kCodecs{{
    {ImageFormat::kJpeg, codec::decode_jpeg},
    {ImageFormat::kPng, codec::decode_png, codec::decode_png_indices},
    {ImageFormat::kBmp, codec::decode_bmp, codec::decode_bmp_indices},
    {ImageFormat::kPnm, codec::decode_pnm, codec::decode_pnm_indices},
    {ImageFormat::kTiff, codec::decode_tiff, codec::decode_tiff_indices},
    {ImageFormat::kWebp, codec::decode_webp},
    {ImageFormat::kGif, codec::decode_gif, codec::decode_gif_indices},
    {ImageFormat::kTga, codec::decode_tga, codec::decode_tga_indices},
    {ImageFormat::kIco, codec::decode_ico},
    {ImageFormat::kAvif, codec::decode_avif},
    {ImageFormat::kHeic, codec::decode_heic},
    {ImageFormat::kJpeg2000, codec::decode_jpeg2000},
    {ImageFormat::kNpy, codec::decode_npy},
    {ImageFormat::kPcx, codec::decode_pcx, codec::decode_pcx_indices},
    {ImageFormat::kSgi, codec::decode_sgi},
}};

/// The name of a format that people try and that is not read, or "".
std::string_view foreign_format(std::string_view bytes) {
    using codec::has_at, codec::starts_with;
    if (starts_with(bytes, "8BPS")) return "Photoshop";
    if (starts_with(bytes, "%PDF")) return "PDF";
    if (starts_with(bytes, "%!PS") || starts_with(bytes, "\xc5\xd0\xd3\xc6")) return "PostScript";
    if (has_at(bytes, 128, "DICM")) return "DICOM";
    if (starts_with(bytes, std::string_view("\xff\x0a", 2)) ||
        starts_with(bytes, std::string_view("\0\0\0\x0cJXL \r\n\x87\n", 12)))
        return "JPEG XL";
    if (starts_with(bytes,
                    "\x7f"
                    "ELF"))
        return "ELF";
    if (starts_with(bytes, "PK\3\4")) return "ZIP";
    if (has_at(bytes, 4, "ftyp")) return "MP4 or another ISO media";
    if (bytes.substr(0, 512).find("<svg") != std::string_view::npos) return "SVG";
    if (starts_with(bytes, "<") || starts_with(bytes, "\n<")) return "HTML or XML";
    return "";
}

tl::unexpected<Error> not_an_image(std::string_view bytes) {
    if (bytes.empty()) return fail(ErrorCode::kDataLoss, "the file is empty");
    const auto name = foreign_format(bytes);
    if (name.empty())
        return fail(ErrorCode::kUnsupported, "not an image, or of an unsupported format; the supported formats are {}",
                    readable_formats());
    return fail(ErrorCode::kUnsupported, "{} files are not supported; the supported formats are {}", name,
                readable_formats());
}

/// Decodes as the file has it; `raster.samples` may bring memory. With `palette`, palettes are not resolved.
Result<ImageFormat> decode_any(std::string_view bytes, const DecodeLimits& limits, Raster& raster,
                               codec::Palette* palette = nullptr) {
    const auto format = sniff_image(bytes);
    const auto codec = std::find_if(kCodecs.begin(), kCodecs.end(), [&](const auto& c) { return c.format == format; });
    if (codec == kCodecs.end()) return not_an_image(bytes);
    try {
        DIGITS_TRY(palette && codec->decode_indices ? codec->decode_indices(bytes, limits, raster, *palette)
                                                    : codec->decode(bytes, limits, raster));
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    } catch (const std::length_error&) {
        return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    }
    return format;
}

ImageFacts facts_of(const Raster& raster, ImageFormat format) {
    ImageFacts facts;
    facts.format = format;
    facts.channels = raster.channels;
    facts.bits = raster.bits;
    facts.floating = raster.floating;
    facts.white = raster.white;
    facts.orientation = raster.orientation;
    return facts;
}

Status check_bands(const Image& image, int bands) {
    if (bands > 0 ? image.channels == bands : image.channels == 1 || image.channels == 3) return {};
    if (bands > 0)
        return fail(ErrorCode::kUnsupported, "the image has {} channels; it must have {}", image.channels, bands);
    return fail(make_error(ErrorCode::kUnsupported, "the image has {} channels; it must have 1 or 3", image.channels)
                    .advise("give their number as bands"));
}

Status decode_with(std::string_view bytes, const DecodeOptions& options, bool measure, Image& out, ImageFacts& facts) {
    Raster raster;
    raster.samples = std::move(out.pixels);
    DIGITS_ASSIGN(const auto format, decode_any(bytes, options.limits, raster));
    facts = facts_of(raster, format);
    const bool deep = raster.type != SampleType::kU8;
    if (deep && (measure || options.depth == DepthConversion::kImageRange)) facts.range = measure_range(raster);
    const bool turns = options.upright && !raster.is_upright;
    if (options.keeps_depth) {
        try {
            if (turns) turn_upright(raster);
            DIGITS_TRY(to_deep_image(std::move(raster), out));
            return check_bands(out, options.bands);
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
        }
    }
    const SampleRange* range = nullptr;
    if (deep && options.depth == DepthConversion::kImageRange) range = &facts.range;
    if (deep && options.depth == DepthConversion::kGivenRange) range = &options.range;
    try {
        DIGITS_TRY(to_image(std::move(raster), range, out));
        if (turns) turn_upright(out, facts.orientation);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    }
    return {};
}

}  // namespace

Status codec::check_size(std::int64_t width, std::int64_t height, const DecodeLimits& limits) {
    if (width <= 0 || height <= 0)
        return fail(ErrorCode::kDataLoss, "the header gives a size of {} x {} pixels", width, height);
    const bool too_long = width > limits.max_side || height > limits.max_side;
    if (too_long || static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) > limits.max_pixels)
        return fail(ErrorCode::kTooLarge, "{} x {} pixels; the limit is {} pixels and {} a side", width, height,
                    limits.max_pixels, limits.max_side);
    return {};
}

Status codec::reset(Raster& raster, std::int64_t width, std::int64_t height, int channels, SampleType type,
                    const DecodeLimits& limits) {
    constexpr std::uint64_t kMostBytesPerPixel = 8;
    DIGITS_TRY(check_size(width, height, limits));
    raster.type = type;
    const auto bytes = static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) *
                       static_cast<std::uint64_t>(channels) * raster.sample_bytes();
    if (bytes > limits.max_pixels * kMostBytesPerPixel)
        return fail(ErrorCode::kTooLarge, "{} x {} pixels of {} channels take {} bytes; the limit is {}", width, height,
                    channels, bytes, limits.max_pixels * kMostBytesPerPixel);
    raster.reset(static_cast<int>(width), static_cast<int>(height), channels, type);
    return {};
}

void codec::luma_chroma_to_rgb(std::uint8_t* pixel) {
    // Pillow's tables have 6 binary places; the sum is cut off, the entries are rounded.
    const auto product = [](double factor, int chroma) { return static_cast<int>(factor * 64 * (chroma - 128) + 0.5); };
    const int y = pixel[0];
    const int cb = pixel[1];
    const int cr = pixel[2];
    const int rgb[3]{y + (product(1.402, cr) >> 6), y + ((product(-0.34414, cb) + product(-0.71414, cr)) >> 6),
                     y + (product(1.772, cb) >> 6)};
    for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(std::clamp(rgb[c], 0, 255));
}

Result<Image> decode_image(std::string_view bytes, const DecodeOptions& options) {
    Image image;
    DIGITS_TRY(decode_image_into(bytes, options, image));
    return image;
}

Status decode_image_into(std::string_view bytes, const DecodeOptions& options, Image& out) {
    ImageFacts facts;
    return decode_with(bytes, options, false, out, facts);
}

Result<DecodedImage> decode_with_facts(std::string_view bytes, const DecodeOptions& options) {
    DecodedImage decoded;
    DIGITS_TRY(decode_with(bytes, options, true, decoded.image, decoded.facts));
    return decoded;
}

namespace {

Result<Raster> upright_raster(std::string_view bytes, const DecodeOptions& options, codec::Palette* palette) {
    Raster raster;
    DIGITS_TRY(decode_any(bytes, options.limits, raster, palette));
    try {
        if (options.upright) turn_upright(raster);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted, "not enough memory to decode the image");
    }
    return raster;
}

}  // namespace

Result<Raster> decode_raster(std::string_view bytes, const DecodeOptions& options) {
    return upright_raster(bytes, options, nullptr);
}

Result<Raster> decode_indices(std::string_view bytes, const DecodeOptions& options,
                              std::vector<std::uint32_t>& palette) {
    return upright_raster(bytes, options, &palette);
}

}  // namespace digits
