#include "image/sniff.hpp"

#include <algorithm>
#include <array>

namespace digits::codec {
namespace {

/// Whether the first box names one of the brands as its own or as compatible.
template <std::size_t kCount>
bool has_brand(std::string_view bytes, const std::array<std::string_view, kCount>& brands) {
    constexpr std::size_t kMostBrands = 64;
    if (!has_at(bytes, 4, "ftyp")) return false;
    const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::size_t size = std::size_t{at(0)} << 24 | at(1) << 16 | at(2) << 8 | at(3);
    const std::size_t end = std::min({size, bytes.size(), 8 + 4 * kMostBrands});
    for (std::size_t offset = 8; offset + 4 <= end; offset += 4) {
        constexpr std::size_t kMinorVersion = 12;
        if (offset == kMinorVersion) continue;
        if (std::find(brands.begin(), brands.end(), bytes.substr(offset, 4)) != brands.end()) return true;
    }
    return false;
}

constexpr std::array<std::string_view, 2> kAvifBrands{"avif", "avis"};
constexpr std::array<std::string_view, 10> kHeicBrands{"heic", "heix", "hevc", "hevx", "heim",
                                                       "heis", "hevm", "hevs", "mif1", "msf1"};

}  // namespace

bool sniff_jpeg(std::string_view bytes) { return starts_with(bytes, "\xff\xd8\xff"); }

bool sniff_png(std::string_view bytes) { return starts_with(bytes, "\x89PNG\r\n\x1a\n"); }

bool sniff_bmp(std::string_view bytes) { return starts_with(bytes, "BM"); }

bool sniff_pnm(std::string_view bytes) {
    if (bytes.size() < 3 || bytes[0] != 'P') return false;
    const bool space = bytes[2] == ' ' || bytes[2] == '#' || (bytes[2] >= '\t' && bytes[2] <= '\r');
    return space && ((bytes[1] >= '1' && bytes[1] <= '6') || bytes[1] == 'f' || bytes[1] == 'F');
}

bool sniff_npy(std::string_view bytes) { return starts_with(bytes, std::string_view("\x93NUMPY", 6)); }

bool sniff_tiff(std::string_view bytes) {
    const auto magic = bytes.substr(0, 4);
    return magic == std::string_view("II*\0", 4) || magic == std::string_view("MM\0*", 4) ||
           magic == std::string_view("II+\0", 4) || magic == std::string_view("MM\0+", 4);
}

bool sniff_webp(std::string_view bytes) { return starts_with(bytes, "RIFF") && has_at(bytes, 8, "WEBP"); }

bool sniff_gif(std::string_view bytes) { return starts_with(bytes, "GIF87a") || starts_with(bytes, "GIF89a"); }

bool sniff_avif(std::string_view bytes) { return has_brand(bytes, kAvifBrands); }

bool sniff_heic(std::string_view bytes) { return !sniff_avif(bytes) && has_brand(bytes, kHeicBrands); }

bool sniff_jpeg2000(std::string_view bytes) {
    return starts_with(bytes, "\xff\x4f\xff\x51") ||
           starts_with(bytes, std::string_view("\0\0\0\x0cjP  \r\n\x87\n", 12));
}

bool sniff_pcx(std::string_view data) {
    constexpr std::size_t kUsedBytes = 68;
    const Bytes bytes(data);
    const unsigned version = bytes.u8(1), bits = bytes.u8(3), planes = bytes.u8(65);
    return data.size() >= kUsedBytes && bytes.u8(0) == 10 && version <= 5 && version != 1 && bytes.u8(2) <= 1 &&
           (bits == 1 || bits == 2 || bits == 4 || bits == 8) && planes >= 1 && planes <= 4 &&
           bytes.u16(8) >= bytes.u16(4) && bytes.u16(10) >= bytes.u16(6);
}

bool sniff_sgi(std::string_view data) {
    const BigEndianBytes bytes(data);
    return starts_with(data, "\x01\xda") && bytes.u8(2) <= 1 && (bytes.u8(3) == 1 || bytes.u8(3) == 2) &&
           bytes.u16(4) >= 1 && bytes.u16(4) <= 3;
}

bool sniff_ico(std::string_view data) {
    constexpr std::size_t kHeaderBytes = 6;
    constexpr std::size_t kEntryBytes = 16;
    if (!starts_with(data, std::string_view("\0\0\1\0", 4))) return false;
    const Bytes bytes(data);
    const std::size_t directory = kHeaderBytes + kEntryBytes * bytes.u16(4);
    return bytes.u16(4) > 0 && directory < data.size() && bytes.u32(kHeaderBytes + 12) >= directory;
}

bool sniff_tga(std::string_view data) {
    constexpr std::size_t kHeaderBytes = 18;
    constexpr unsigned kRunLengths = 8;
    const Bytes bytes(data);
    if (data.size() <= kHeaderBytes || bytes.u8(1) > 1 || bytes.u8(17) >> 6 != 0) return false;
    const bool has_map = bytes.u8(1) == 1;
    const unsigned type = bytes.u8(2) & ~kRunLengths;
    const unsigned bits = bytes.u8(16);
    const bool indexed = type == 1 && bits == 8;
    const bool colour = type == 2 && (bits == 16 || bits == 24 || bits == 32);
    const bool grey = type == 3 && (bits == 8 || bits == 16);
    if (!indexed && !colour && !grey) return false;
    const std::size_t map_length = bytes.u16(5);
    const unsigned map_bits = bytes.u8(7);
    const bool readable_map = map_length > 0 && (map_bits == 16 || map_bits == 24 || map_bits == 32);
    if (has_map ? !readable_map : map_length != 0 || bytes.u16(3) != 0) return false;
    const std::size_t pixels = std::size_t{bytes.u16(12)} * bytes.u16(14);
    const std::size_t pixel_bytes = bits / 8;
    // A packet of run lengths covers at most 128 pixels.
    const bool runs = (bytes.u8(2) & kRunLengths) != 0;
    const std::size_t least = runs ? pixels / 128 * (1 + pixel_bytes) : pixels * pixel_bytes;
    const std::size_t map_bytes = has_map ? map_length * map_bits / 8 : 0;
    // A file that is cut off is still one.
    return pixels > 0 && data.size() >= kHeaderBytes + bytes.u8(0) + map_bytes + least / 2;
}

}  // namespace digits::codec
