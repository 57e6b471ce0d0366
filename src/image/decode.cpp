#include "image/decode.hpp"

#include <new>

#include "image/codecs.hpp"

namespace digits {
namespace {

bool starts_with(std::string_view bytes, std::string_view magic) { return bytes.substr(0, magic.size()) == magic; }

/// Whether `magic` stands at `offset`; a file may end before.
bool has_at(std::string_view bytes, std::size_t offset, std::string_view magic) {
    return bytes.size() >= offset && starts_with(bytes.substr(offset), magic);
}

/// The name of a format that people try and that is not read, or "".
std::string_view foreign_format(std::string_view bytes) {
    if (starts_with(bytes, "GIF8")) return "GIF";
    if (starts_with(bytes, "RIFF") && has_at(bytes, 8, "WEBP")) return "WebP";
    if (starts_with(bytes, std::string_view("II*\0", 4)) || starts_with(bytes, std::string_view("MM\0*", 4)))
        return "TIFF";
    if (has_at(bytes, 4, "ftyp")) return "HEIF or AVIF";
    if (bytes.substr(0, 512).find("<svg") != std::string_view::npos) return "SVG";
    if (starts_with(bytes, "<") || starts_with(bytes, "\n<")) return "HTML or XML";
    return "";
}

Status decode_any(std::string_view bytes, const DecodeLimits& limits, Image& out) {
    switch (sniff_image(bytes)) {
        case ImageFormat::kJpeg: return codec::decode_jpeg(bytes, limits, out);
        case ImageFormat::kPng: return codec::decode_png(bytes, limits, out);
        case ImageFormat::kBmp: return codec::decode_bmp(bytes, limits, out);
        case ImageFormat::kPnm: return codec::decode_pnm(bytes, limits, out);
        case ImageFormat::kUnknown: break;
    }
    if (bytes.empty()) return fail(ErrorCode::kDataLoss, "the file is empty");
    const auto name = foreign_format(bytes);
    if (name.empty()) return fail(ErrorCode::kUnsupported, "not a picture: expected JPEG, PNG, BMP or PNM data");
    return fail(ErrorCode::kUnsupported, "a {} file; expected JPEG, PNG, BMP or PNM", name);
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

ImageFormat sniff_image(std::string_view bytes) {
    if (starts_with(bytes, "\xff\xd8\xff")) return ImageFormat::kJpeg;
    if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
    if (starts_with(bytes, "BM")) return ImageFormat::kBmp;
    if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6') return ImageFormat::kPnm;
    return ImageFormat::kUnknown;
}

Result<Image> decode_image(std::string_view bytes, const DecodeLimits& limits) {
    Image image;
    DIGITS_TRY(decode_image_into(bytes, limits, image));
    return image;
}

Status decode_image_into(std::string_view bytes, const DecodeLimits& limits, Image& out) {
    try {
        return decode_any(bytes, limits, out);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kResourceExhausted, "no memory to decode the picture");
    }
}

}  // namespace digits
