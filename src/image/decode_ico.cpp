#include <tuple>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

constexpr std::size_t kHeaderBytes = 6;
constexpr std::size_t kEntryBytes = 16;

struct Entry {
    int width;
    int height;
    unsigned bits;
    std::size_t size;
    std::size_t offset;

    /// Pillow takes the largest, and of two the one of fewer colours.
    auto rank() const { return std::tuple(-width * height, bits); }
};

Entry read_entry(const Bytes& bytes, std::size_t at) {
    const unsigned colours = bytes.u8(at + 2);
    unsigned depth = bytes.u16(at + 6);
    for (unsigned most = 1; depth == 0 && colours != 0 && (1u << most) <= 256; ++most)
        if (colours <= 1u << most) depth = most;
    return {.width = bytes.u8(at) ? bytes.u8(at) : 256,
            .height = bytes.u8(at + 1) ? bytes.u8(at + 1) : 256,
            .bits = depth ? depth : 256,
            .size = bytes.u32(at + 8),
            .offset = bytes.u32(at + 12)};
}

}  // namespace

Status decode_ico(std::string_view data, const DecodeLimits& limits, Raster& out) {
    const Bytes bytes(data);
    Entry best = read_entry(bytes, kHeaderBytes);
    for (std::size_t i = 1; i < bytes.u16(4); ++i) {
        const Entry entry = read_entry(bytes, kHeaderBytes + kEntryBytes * i);
        if (entry.rank() < best.rank()) best = entry;
    }
    if (best.offset >= data.size() || best.size > data.size() - best.offset)
        return fail(ErrorCode::kDataLoss, "damaged ICO: the file is cut off");
    const auto image = data.substr(best.offset, best.size);
    if (starts_with(image, "\x89PNG\r\n\x1a\n")) return decode_png(image, limits, out);
    return decode_icon_bitmap(image, best.bits == 32, limits, out);
}

}  // namespace digits::codec
