#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

enum Compression : std::uint32_t { kRgb = 0, kRle8 = 1, kRle4 = 2, kBitfields = 3, kAlphaBitfields = 6 };

struct Header {
    std::uint32_t data_offset = 0;
    std::uint32_t info_size = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool top_down = false;
    int bits = 0;
    std::uint32_t compression = kRgb;
    std::uint32_t colours = 0;
    std::array<std::uint32_t, 4> masks{};  ///< R, G, B, A
};

class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    std::size_t size() const { return bytes_.size(); }
    std::uint8_t u8(std::size_t at) const { return at < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at]) : 0; }
    std::uint32_t u16(std::size_t at) const { return u8(at) | static_cast<std::uint32_t>(u8(at + 1)) << 8; }
    std::uint32_t u32(std::size_t at) const { return u16(at) | u16(at + 2) << 16; }

  private:
    std::string_view bytes_;
};

tl::unexpected<Error> cut_off() { return fail(ErrorCode::kDataLoss, "damaged BMP: the file is cut off"); }

Result<Header> read_header(const Bytes& bytes) {
    Header h;
    if (bytes.size() < 26) return cut_off();
    h.data_offset = bytes.u32(10);
    h.info_size = bytes.u32(14);
    if (h.info_size == 12) {
        h.width = bytes.u16(18);
        h.height = bytes.u16(20);
        h.bits = static_cast<int>(bytes.u16(24));
    } else if (h.info_size >= 40 && h.info_size <= 1024) {
        if (bytes.size() < 14 + std::size_t{h.info_size}) return cut_off();
        h.width = static_cast<std::int32_t>(bytes.u32(18));
        h.height = static_cast<std::int32_t>(bytes.u32(22));
        h.bits = static_cast<int>(bytes.u16(28));
        h.compression = bytes.u32(30);
        h.colours = bytes.u32(46);
    } else {
        return fail(ErrorCode::kUnsupported, "a BMP with a header of {} bytes", h.info_size);
    }
    if (h.height < 0) {
        h.top_down = true;
        h.height = -h.height;
    }
    const bool direct = h.bits == 16 || h.bits == 24 || h.bits == 32;
    if (!direct && h.bits != 1 && h.bits != 4 && h.bits != 8)
        return fail(ErrorCode::kUnsupported, "a BMP with {} bits per pixel", h.bits);
    if (h.bits == 16) h.masks = {0x7c00, 0x3e0, 0x1f, 0};
    if (h.bits == 32) h.masks = {0xff0000, 0xff00, 0xff, 0};
    const bool has_masks = h.compression == kBitfields || h.compression == kAlphaBitfields;
    if (has_masks && (h.bits == 16 || h.bits == 32)) {
        const bool with_alpha = h.info_size >= 56 || h.compression == kAlphaBitfields;
        for (std::size_t i = 0; i < (with_alpha ? 4u : 3u); ++i) h.masks[i] = bytes.u32(54 + 4 * i);
    } else if (h.compression != kRgb && !(h.compression == kRle8 && h.bits == 8) &&
               !(h.compression == kRle4 && h.bits == 4)) {
        return fail(ErrorCode::kUnsupported, "a BMP with compression {} and {} bits per pixel", h.compression, h.bits);
    }
    return h;
}

std::uint8_t field(std::uint32_t pixel, std::uint32_t mask) {
    if (mask == 0) return 0;
    const std::uint32_t most = mask >> std::countr_zero(mask);
    return static_cast<std::uint8_t>(std::uint64_t{(pixel & mask) >> std::countr_zero(mask)} * 255 / most);
}

void read_direct_row(const Bytes& bytes, std::size_t at, const Header& h, std::uint8_t* to) {
    const std::size_t step = static_cast<std::size_t>(h.bits) / 8;
    for (std::int64_t x = 0; x < h.width; ++x, at += step, to += 3) {
        if (h.bits == 24) {
            to[0] = bytes.u8(at + 2);
            to[1] = bytes.u8(at + 1);
            to[2] = bytes.u8(at);
            continue;
        }
        const std::uint32_t pixel = h.bits == 16 ? bytes.u16(at) : bytes.u32(at);
        const unsigned alpha = h.masks[3] ? field(pixel, h.masks[3]) : 255u;
        for (std::size_t c = 0; c < 3; ++c) to[c] = over_white(field(pixel, h.masks[c]), alpha);
    }
}

/// Runs of palette indices to one byte per pixel; pixels that are not covered stay 0.
Status read_runs(const Bytes& bytes, const Header& h, std::vector<std::uint8_t>& indices) {
    const bool nibbles = h.compression == kRle4;
    std::int64_t x = 0;
    std::int64_t y = 0;
    const auto put = [&](std::uint8_t index) {
        if (x < h.width && y < h.height) indices[static_cast<std::size_t>(y * h.width + x)] = index;
        ++x;
    };
    std::size_t at = h.data_offset;
    while (y < h.height) {
        if (at + 1 >= bytes.size()) return cut_off();
        const unsigned count = bytes.u8(at);
        const unsigned value = bytes.u8(at + 1);
        at += 2;
        if (count > 0) {
            for (unsigned i = 0; i < count; ++i)
                put(static_cast<std::uint8_t>(!nibbles ? value : i % 2 ? value & 15 : value >> 4));
        } else if (value == 0) {
            x = 0;
            ++y;
        } else if (value == 1) {
            return {};
        } else if (value == 2) {
            x += bytes.u8(at);
            y += bytes.u8(at + 1);
            at += 2;
        } else {
            for (unsigned i = 0; i < value; ++i) {
                const unsigned byte = bytes.u8(at + (nibbles ? i / 2 : i));
                put(static_cast<std::uint8_t>(!nibbles ? byte : i % 2 ? byte & 15 : byte >> 4));
            }
            const std::size_t used = nibbles ? (value + 1) / 2 : value;
            at += used + used % 2;
        }
    }
    return {};
}

Status read_indices(const Bytes& bytes, const Header& h, std::vector<std::uint8_t>& indices) {
    indices.assign(static_cast<std::size_t>(h.width * h.height), 0);
    if (h.compression == kRle8 || h.compression == kRle4) return read_runs(bytes, h, indices);
    const auto bits = static_cast<std::size_t>(h.bits);
    const std::size_t stride = (static_cast<std::size_t>(h.width) * bits + 31) / 32 * 4;
    if (h.data_offset + stride * static_cast<std::size_t>(h.height) > bytes.size()) return cut_off();
    std::size_t to = 0;
    for (std::int64_t y = 0; y < h.height; ++y) {
        const std::size_t row = h.data_offset + stride * static_cast<std::size_t>(y);
        for (std::size_t x = 0; x < static_cast<std::size_t>(h.width); ++x) {
            const unsigned byte = bytes.u8(row + x * bits / 8);
            indices[to++] = static_cast<std::uint8_t>((byte >> (8 - bits - x * bits % 8)) & ((1u << bits) - 1));
        }
    }
    return {};
}

Status read_palette_picture(const Bytes& bytes, const Header& h, Image& out) {
    std::array<std::array<std::uint8_t, 3>, 256> palette{};
    const std::size_t entry = h.info_size == 12 ? 3 : 4;
    const std::size_t colours = std::min<std::size_t>(h.colours ? h.colours : 256, std::size_t{1} << h.bits);
    for (std::size_t i = 0; i < colours; ++i)
        for (std::size_t c = 0; c < 3; ++c) palette[i][c] = bytes.u8(14 + h.info_size + i * entry + 2 - c);
    // As Pillow: a palette that counts up in grey (or is black and white) makes a grey picture.
    bool grey = true;
    for (std::size_t i = 0; i < colours; ++i) {
        const std::size_t level = colours == 2 ? i * 255 : i;
        for (const std::uint8_t sample : palette[i]) grey = grey && sample == level;
    }
    std::vector<std::uint8_t> indices;
    DIGITS_TRY(read_indices(bytes, h, indices));
    out.reset(static_cast<int>(h.width), static_cast<int>(h.height), grey ? 1 : 3);
    std::size_t from = 0;
    for (int y = 0; y < out.height; ++y) {
        std::uint8_t* to = out.row(h.top_down ? y : out.height - 1 - y);
        for (int x = 0; x < out.width; ++x, to += out.channels)
            std::copy_n(palette[indices[from++]].begin(), out.channels, to);
    }
    return {};
}

}  // namespace

Status decode_bmp(std::string_view data, const DecodeLimits& limits, Image& out) {
    const Bytes bytes(data);
    DIGITS_ASSIGN(const auto h, read_header(bytes));
    DIGITS_TRY(check_size(h.width, h.height, limits));
    if (h.bits <= 8) return read_palette_picture(bytes, h, out);
    const std::size_t stride = (static_cast<std::size_t>(h.width) * static_cast<std::size_t>(h.bits) + 31) / 32 * 4;
    if (h.data_offset + stride * static_cast<std::size_t>(h.height) > bytes.size()) return cut_off();
    out.reset(static_cast<int>(h.width), static_cast<int>(h.height), 3);
    for (int y = 0; y < out.height; ++y) {
        const std::size_t row = h.data_offset + stride * static_cast<std::size_t>(y);
        read_direct_row(bytes, row, h, out.row(h.top_down ? y : out.height - 1 - y));
    }
    return {};
}

}  // namespace digits::codec
