#include "image/header.hpp"

#include <charconv>

#include "image/codecs.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

/// Frame headers, without those that define tables (DHT, JPG, DAC).
bool starts_frame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

std::optional<ImageHeader> jpeg_header(std::string_view bytes) {
    const codec::BigEndianBytes file(bytes);
    std::string_view exif, xmp;
    for (std::size_t at = 2; at + 4 <= bytes.size();) {
        if (bytes[at] != '\xff') return std::nullopt;
        const int marker = static_cast<unsigned char>(bytes[at + 1]);
        if (marker == 0xff) {
            ++at;
            continue;
        }
        const bool has_no_length = marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
        if (has_no_length) {
            at += 2;
            continue;
        }
        const auto length = std::size_t{file.u16(at + 2)};
        if (length < 2 || at + 2 + length > bytes.size()) return std::nullopt;
        const auto segment = bytes.substr(at + 4, length - 2);
        if (starts_frame(marker)) {
            if (segment.size() < 5) return std::nullopt;
            const codec::BigEndianBytes frame(segment);
            return ImageHeader{static_cast<int>(frame.u16(3)), static_cast<int>(frame.u16(1)),
                               codec::orientation_of(exif, xmp)};
        }
        if (marker == 0xe1 && codec::starts_with(segment, "Exif")) exif = segment;
        if (marker == 0xe1 && codec::starts_with(segment, "http://ns.adobe.com/xap/")) xmp = segment;
        if (marker == 0xda || marker == 0xd9) return std::nullopt;
        at += 2 + length;
    }
    return std::nullopt;
}

std::optional<ImageHeader> png_header(std::string_view bytes) {
    if (bytes.size() < 33) return std::nullopt;
    const codec::BigEndianBytes file(bytes);
    ImageHeader header{static_cast<int>(file.u32(16)), static_cast<int>(file.u32(20))};
    for (std::size_t at = 8; at + 8 <= bytes.size();) {
        const auto length = file.u32(at);
        const auto type = bytes.substr(at + 4, 4);
        if (type == "IDAT") return header;
        if (length > bytes.size() - at - 8) return std::nullopt;
        // What else may turn it is left to the decoder.
        if (type == "iTXt" || type == "zTXt" || type == "tEXt") return std::nullopt;
        if (type == "eXIf") {
            const int orientation = codec::exif_orientation(bytes.substr(at + 8, length));
            header.orientation = orientation == 0 ? 1 : orientation;
        }
        at += std::size_t{12} + length;
    }
    return std::nullopt;
}

std::optional<ImageHeader> bmp_header(std::string_view bytes) {
    if (bytes.size() < 26) return std::nullopt;
    const codec::Bytes file(bytes);
    if (file.u32(14) < 40) return ImageHeader{static_cast<int>(file.u16(18)), static_cast<int>(file.u16(20))};
    const auto height = static_cast<int>(file.u32(22));
    return ImageHeader{static_cast<int>(file.u32(18)), height < 0 ? -height : height};
}

std::optional<ImageHeader> pnm_header(std::string_view bytes) {
    int numbers[2] = {0, 0};
    std::size_t at = 2;
    for (int& number : numbers) {
        while (at < bytes.size() && (std::string_view(" \t\r\n").find(bytes[at]) != std::string_view::npos)) ++at;
        if (at >= bytes.size() || bytes[at] == '#') return std::nullopt;
        const auto [stop, error] = std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), number);
        if (error != std::errc()) return std::nullopt;
        at = static_cast<std::size_t>(stop - bytes.data());
    }
    return ImageHeader{numbers[0], numbers[1]};
}

std::optional<ImageHeader> by_format(std::string_view bytes) {
    switch (sniff_image(bytes)) {
        case ImageFormat::kJpeg: return jpeg_header(bytes);
        case ImageFormat::kPng: return png_header(bytes);
        case ImageFormat::kBmp: return bmp_header(bytes);
        case ImageFormat::kGif: {
            const codec::Bytes file(bytes);
            return ImageHeader{static_cast<int>(file.u16(6)), static_cast<int>(file.u16(8))};
        }
        case ImageFormat::kPnm: return pnm_header(bytes);
        case ImageFormat::kPcx: {
            const codec::Bytes file(bytes);
            return ImageHeader{static_cast<int>(file.u16(8) - file.u16(4)) + 1,
                               static_cast<int>(file.u16(10) - file.u16(6)) + 1};
        }
        case ImageFormat::kSgi: {
            const codec::BigEndianBytes file(bytes);
            return ImageHeader{static_cast<int>(file.u16(6)), static_cast<int>(file.u16(8))};
        }
        default: return std::nullopt;
    }
}

}  // namespace

std::optional<ImageHeader> read_image_header(std::string_view bytes) {
    const auto header = by_format(bytes);
    if (!header || header->width <= 0 || header->height <= 0) return std::nullopt;
    return header;
}

}  // namespace digits
