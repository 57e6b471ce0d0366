#include "image/codecs.hpp"

namespace digits::codec {
namespace {

constexpr unsigned kOrientationTag = 0x112;
constexpr unsigned kShort = 3;
constexpr unsigned kLong = 4;

/// Integers in the byte order that the block declares; 0 beyond its end.
struct ExifBlock {
    Bytes bytes;
    bool big_endian;

    unsigned u16(std::size_t at) const {
        const unsigned value = bytes.u16(at);
        return big_endian ? (value & 0xff) << 8 | value >> 8 : value;
    }
    unsigned u32(std::size_t at) const {
        return big_endian ? u16(at) << 16 | u16(at + 2) : u16(at) | u16(at + 2) << 16;
    }
};

}  // namespace

int exif_orientation(std::string_view exif) {
    constexpr std::string_view kPrefix("Exif\0\0", 6);
    if (starts_with(exif, kPrefix)) exif.remove_prefix(kPrefix.size());
    if (!starts_with(exif, "II") && !starts_with(exif, "MM")) return 0;
    const ExifBlock block{Bytes(exif), exif[0] == 'M'};
    const std::size_t directory = block.u32(4);
    const unsigned entries = block.u16(directory);
    for (unsigned i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + std::size_t{12} * i;
        if (entry + 12 > exif.size()) return 0;
        if (block.u16(entry) != kOrientationTag) continue;
        const unsigned type = block.u16(entry + 2);
        const unsigned value = type == kShort ? block.u16(entry + 8) : type == kLong ? block.u32(entry + 8) : 0;
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 0;
    }
    return 0;
}

int xmp_orientation(std::string_view xmp) {
    constexpr std::string_view kName = "tiff:Orientation";
    for (auto at = xmp.find(kName); at != std::string_view::npos; at = xmp.find(kName, at + 1)) {
        auto rest = xmp.substr(at + kName.size());
        if (starts_with(rest, "=\"") || starts_with(rest, "='"))
            rest.remove_prefix(2);
        else if (starts_with(rest, ">"))
            rest.remove_prefix(1);
        else
            continue;
        if (!rest.empty() && rest[0] >= '1' && rest[0] <= '8') return rest[0] - '0';
    }
    return 0;
}

int orientation_of(std::string_view exif, std::string_view xmp) {
    if (const int by_exif = exif_orientation(exif)) return by_exif;
    if (const int by_xmp = xmp_orientation(xmp)) return by_xmp;
    return 1;
}

}  // namespace digits::codec
