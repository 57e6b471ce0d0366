#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

enum Compression : std::uint32_t { kRgb = 0, kRle8 = 1, kRle4 = 2, kBitfields = 3, kAlphaBitfields = 6 };

struct Header {
    std::size_t info_offset = 14;  ///< of the info header; an icon has no file header before it
    std::size_t data_offset = 0;
    std::uint32_t info_size = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool top_down = false;
    int bits = 0;
    std::uint32_t compression = kRgb;
    std::uint32_t colours = 0;
    std::array<std::uint32_t, 4> masks{};  ///< R, G, B, A
};

tl::unexpected<Error> cut_off() { return fail(ErrorCode::kDataLoss, "damaged BMP: the file is cut off"); }
tl::unexpected<Error> ends_early(std::int64_t y, const Header& h) {
    return fail(ErrorCode::kDataLoss, "damaged BMP: the runs end in row {} of {}", y + 1, h.height);
}

/// Those that Pillow reads; red, green, blue, alpha.
constexpr std::array<std::array<std::uint32_t, 4>, 7> kMasks32{{{0xff0000, 0xff00, 0xff, 0},
                                                                {0xff000000, 0xff0000, 0xff00, 0},
                                                                {0xff000000, 0xff00, 0xff, 0},
                                                                {0xff000000, 0xff0000, 0xff00, 0xff},
                                                                {0xff, 0xff00, 0xff0000, 0xff000000},
                                                                {0xff0000, 0xff00, 0xff, 0xff000000},
                                                                {0xff000000, 0xff00, 0xff, 0xff0000}}};
constexpr std::array<std::array<std::uint32_t, 4>, 2> kMasks16{{{0xf800, 0x7e0, 0x1f, 0}, {0x7c00, 0x3e0, 0x1f, 0}}};

Status read_masks(const Bytes& bytes, Header& h) {
    // Headers of 40 and 52 bytes have no mask of alpha; the masks follow the first 40 bytes in all.
    const std::size_t count = h.bits == 32 && (h.info_size >= 56 || h.compression == kAlphaBitfields) ? 4 : 3;
    h.masks = {};
    for (std::size_t i = 0; i < count; ++i) h.masks[i] = bytes.u32(h.info_offset + 40 + 4 * i);
    if (h.bits == 32 && h.masks == decltype(h.masks){}) h.masks = {0xff0000, 0xff00, 0xff, 0xff000000};
    const bool known = h.bits == 32 ? std::find(kMasks32.begin(), kMasks32.end(), h.masks) != kMasks32.end()
                                    : std::find(kMasks16.begin(), kMasks16.end(), h.masks) != kMasks16.end();
    if (!known)
        return fail(ErrorCode::kUnsupported, "a BMP of {} bits per pixel with masks {:x}, {:x}, {:x} and {:x}", h.bits,
                    h.masks[0], h.masks[1], h.masks[2], h.masks[3]);
    return {};
}

Result<Header> read_header(const Bytes& bytes, std::size_t info_offset) {
    Header h;
    const std::size_t at = info_offset;
    h.info_offset = at;
    if (bytes.size() < at + 12) return cut_off();
    h.info_size = bytes.u32(at);
    if (h.info_size == 12) {
        h.width = bytes.u16(at + 4);
        h.height = bytes.u16(at + 6);
        h.bits = static_cast<int>(bytes.u16(at + 10));
    } else if (h.info_size >= 40 && h.info_size <= 1024) {
        if (bytes.size() < at + h.info_size) return cut_off();
        h.width = static_cast<std::int32_t>(bytes.u32(at + 4));
        h.height = static_cast<std::int32_t>(bytes.u32(at + 8));
        h.bits = static_cast<int>(bytes.u16(at + 14));
        h.compression = bytes.u32(at + 16);
        h.colours = bytes.u32(at + 32);
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
        DIGITS_TRY(read_masks(bytes, h));
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
    const std::size_t channels = h.masks[3] ? 4 : 3;
    for (std::int64_t x = 0; x < h.width; ++x, at += step, to += channels) {
        if (h.bits == 24) {
            to[0] = bytes.u8(at + 2);
            to[1] = bytes.u8(at + 1);
            to[2] = bytes.u8(at);
            continue;
        }
        const std::uint32_t pixel = h.bits == 16 ? bytes.u16(at) : bytes.u32(at);
        for (std::size_t c = 0; c < channels; ++c) to[c] = field(pixel, h.masks[c]);
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
            // Pixels that no run covers have no colour; the last line may leave out its own end.
            return y * h.width + x < h.width * h.height ? Status(ends_early(y, h)) : Status();
        } else if (value == 2) {
            if (at + 1 >= bytes.size()) return cut_off();
            x += bytes.u8(at);
            y += bytes.u8(at + 1);
            at += 2;
        } else {
            const std::size_t used = nibbles ? (value + 1) / 2 : value;
            if (at + used > bytes.size()) return cut_off();
            for (unsigned i = 0; i < value; ++i) {
                const unsigned byte = bytes.u8(at + (nibbles ? i / 2 : i));
                put(static_cast<std::uint8_t>(!nibbles ? byte : i % 2 ? byte & 15 : byte >> 4));
            }
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

/// With `kept`, the palette is not resolved.
Status read_indexed(const Bytes& bytes, const Header& h, const DecodeLimits& limits, Raster& out, Palette* kept) {
    std::array<std::array<std::uint8_t, 3>, 256> palette{};
    const std::size_t entry = h.info_size == 12 ? 3 : 4;
    const std::size_t colours = std::min<std::size_t>(h.colours ? h.colours : 256, std::size_t{1} << h.bits);
    for (std::size_t i = 0; i < colours; ++i)
        for (std::size_t c = 0; c < 3; ++c) palette[i][c] = bytes.u8(h.info_offset + h.info_size + i * entry + 2 - c);
    // As Pillow: a palette that counts up in grey (or is black and white) makes a grey image, but not in an icon.
    bool grey = h.info_offset != 0;
    for (std::size_t i = 0; i < colours; ++i) {
        const std::size_t level = colours == 2 ? i * 255 : i;
        for (const std::uint8_t sample : palette[i]) grey = grey && sample == level;
    }
    std::vector<std::uint8_t> indices;
    DIGITS_TRY(read_indices(bytes, h, indices));
    if (kept && !grey)
        for (std::size_t i = 0; i < colours; ++i)
            kept->push_back(static_cast<std::uint32_t>(palette[i][0] << 16 | palette[i][1] << 8 | palette[i][2]));
    if (kept)
        for (std::size_t i = 0; i < palette.size(); ++i) palette[i].fill(static_cast<std::uint8_t>(i));
    const bool one_channel = grey || kept;
    DIGITS_TRY(reset(out, h.width, h.height, one_channel ? 1 : 3, SampleType::kU8, limits));
    out.colours = one_channel ? ColourModel::kGrey : ColourModel::kRgb;
    std::size_t from = 0;
    for (int y = 0; y < out.height; ++y) {
        std::uint8_t* to = out.row(h.top_down ? y : out.height - 1 - y);
        for (int x = 0; x < out.width; ++x, to += out.channels)
            std::copy_n(palette[indices[from++]].begin(), out.channels, to);
    }
    return {};
}

/// From the end of the header on. With `kept`, a palette is not resolved.
Status read_pixels(const Bytes& bytes, const Header& h, const DecodeLimits& limits, Raster& out,
                   Palette* kept = nullptr) {
    DIGITS_TRY(check_size(h.width, h.height, limits));
    if (h.bits <= 8) return read_indexed(bytes, h, limits, out, kept);
    const std::size_t stride = (static_cast<std::size_t>(h.width) * static_cast<std::size_t>(h.bits) + 31) / 32 * 4;
    if (h.data_offset + stride * static_cast<std::size_t>(h.height) > bytes.size()) return cut_off();
    DIGITS_TRY(reset(out, h.width, h.height, h.masks[3] ? 4 : 3, SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    out.alpha = h.masks[3] ? Alpha::kStraight : Alpha::kNone;
    for (int y = 0; y < out.height; ++y) {
        const std::size_t row = h.data_offset + stride * static_cast<std::size_t>(y);
        read_direct_row(bytes, row, h, out.row(h.top_down ? y : out.height - 1 - y));
    }
    return {};
}

/// Where an icon's samples begin: behind header, masks and palette.
std::size_t icon_data_offset(const Header& h) {
    const std::size_t masks = h.info_size == 40 && h.compression == kBitfields ? 12 : 0;
    const std::size_t most = h.bits <= 8 ? std::size_t{1} << h.bits : 0;
    const std::size_t colours = h.bits > 8 ? 0 : h.colours ? h.colours : most;
    return h.info_offset + h.info_size + masks + colours * (h.info_size == 12 ? 3 : 4);
}

/// `out` with the alpha of the one-bit mask that ends the bytes, whose rows fill 4 bytes and come from below.
Status add_mask(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    const std::size_t stride = (static_cast<std::size_t>(out.width) + 31) / 32 * 4;
    const std::size_t needed = stride * static_cast<std::size_t>(out.height);
    if (bytes.size() < needed) return cut_off();
    const auto* mask = reinterpret_cast<const std::uint8_t*>(bytes.data() + (bytes.size() - needed));
    const std::size_t colours = static_cast<std::size_t>(out.channels);
    Raster masked;
    DIGITS_TRY(reset(masked, out.width, out.height, out.channels + 1, SampleType::kU8, limits));
    masked.colours = out.colours;
    masked.alpha = Alpha::kStraight;
    for (int y = 0; y < out.height; ++y) {
        const std::uint8_t* bits = mask + stride * static_cast<std::size_t>(out.height - 1 - y);
        const std::uint8_t* from = out.row(y);
        std::uint8_t* to = masked.row(y);
        for (int x = 0; x < out.width; ++x, from += colours, to += colours + 1) {
            std::copy_n(from, colours, to);
            to[colours] = (bits[x / 8] >> (7 - x % 8)) & 1 ? 0 : 255;
        }
    }
    out = std::move(masked);
    return {};
}

Status decode(std::string_view data, const DecodeLimits& limits, Raster& out, Palette* kept) {
    const Bytes bytes(data);
    DIGITS_ASSIGN(auto header, read_header(bytes, 14));
    header.data_offset = bytes.u32(10);
    return read_pixels(bytes, header, limits, out, kept);
}

}  // namespace

Status decode_bmp(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, out, nullptr);
}

Status decode_bmp_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, out, &palette);
}

Status decode_icon_bitmap(std::string_view data, bool has_alpha, const DecodeLimits& limits, Raster& out) {
    const Bytes bytes(data);
    DIGITS_ASSIGN(auto header, read_header(bytes, 0));
    header.height /= 2;
    header.data_offset = icon_data_offset(header);
    has_alpha = has_alpha && header.bits == 32;
    if (has_alpha) header.masks = {0xff0000, 0xff00, 0xff, 0xff000000};
    DIGITS_TRY(read_pixels(bytes, header, limits, out));
    return has_alpha || out.alpha != Alpha::kNone ? Status{} : add_mask(data, limits, out);
}

}  // namespace digits::codec
