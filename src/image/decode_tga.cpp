#include <algorithm>
#include <array>

#include "image/codecs.hpp"

// Truevision's format by its specification 2.0; what Pillow makes of it where that leaves a choice.

namespace digits::codec {
namespace {

constexpr std::size_t kHeaderBytes = 18;
enum ImageType : unsigned { kIndexed = 1, kTrueColour = 2, kGreyscale = 3, kRunLengths = 8 };

struct Header {
    std::size_t id_bytes;
    bool has_map;
    unsigned type;  ///< without kRunLengths
    bool runs;
    std::size_t map_first;
    std::size_t map_length;
    unsigned map_bits;
    int width;
    int height;
    unsigned bits;
    bool has_alpha;  ///< of true-colour and grey pixels: the header says how many bits of each are attributes
    bool right_to_left;
    bool top_down;

    std::size_t map_entry_bytes() const { return (map_bits + 7) / 8; }
    std::size_t map_bytes() const { return has_map ? map_length * map_entry_bytes() : 0; }
    std::size_t pixel_bytes() const { return (bits + 7) / 8; }
    std::size_t data_offset() const { return kHeaderBytes + id_bytes + map_bytes(); }
};

Header read_header(const Bytes& bytes) {
    const unsigned type = bytes.u8(2);
    const unsigned flags = bytes.u8(17);
    return {.id_bytes = bytes.u8(0),
            .has_map = bytes.u8(1) == 1,
            .type = type & ~unsigned{kRunLengths},
            .runs = (type & kRunLengths) != 0,
            .map_first = bytes.u16(3),
            .map_length = bytes.u16(5),
            .map_bits = bytes.u8(7),
            .width = static_cast<int>(bytes.u16(12)),
            .height = static_cast<int>(bytes.u16(14)),
            .bits = bytes.u8(16),
            .has_alpha = (flags & 0x0f) != 0,
            .right_to_left = (flags & 0x10) != 0,
            .top_down = (flags & 0x20) != 0};
}

tl::unexpected<Error> cut_off() { return fail(ErrorCode::kDataLoss, "damaged TGA: the file is cut off"); }

std::uint8_t five_bits(unsigned value) { return static_cast<std::uint8_t>((value & 31) * 255 / 31); }

/// B G R (A), or 5 bits each and one that is set where a pixel is transparent, to R G B A.
std::array<std::uint8_t, 4> colour(const Bytes& bytes, std::size_t at, unsigned bits) {
    if (bits > 16)
        return {bytes.u8(at + 2), bytes.u8(at + 1), bytes.u8(at), bits == 32 ? bytes.u8(at + 3) : std::uint8_t{255}};
    const unsigned pixel = bytes.u16(at);
    return {five_bits(pixel >> 10), five_bits(pixel >> 5), five_bits(pixel),
            static_cast<std::uint8_t>((pixel & 0x8000) != 0 ? 0 : 255)};
}

/// Offsets of the pixels in file order: each run of a packet repeats one, each literal packet counts on.
class PixelReader {
  public:
    PixelReader(const Bytes& bytes, const Header& h) : bytes_(bytes), h_(h), at_(h.data_offset()) {}

    /// Of the next pixel; 0 when the file ends.
    std::size_t next() {
        const std::size_t step = h_.pixel_bytes();
        if (h_.runs && left_ == 0) {
            if (at_ >= bytes_.size()) return 0;
            const unsigned packet = bytes_.u8(at_++);
            left_ = (packet & 127) + 1;
            repeats_ = (packet & 128) != 0;
            run_ = at_;
            if (repeats_) at_ += step;
        }
        if (!h_.runs || !repeats_) {
            run_ = at_;
            at_ += step;
        }
        if (left_ > 0) --left_;
        return at_ > bytes_.size() ? 0 : run_;
    }
    /// Whether the last packet went on beyond the last pixel.
    bool overruns() const { return left_ > 0; }

  private:
    const Bytes& bytes_;
    const Header& h_;
    std::size_t at_;
    std::size_t run_ = 0;
    unsigned left_ = 0;
    bool repeats_ = false;
};

struct Layout {
    int channels;
    ColourModel colours;
    Alpha alpha;
};

Layout layout_of(const Header& h, bool keeps_indices) {
    if (h.type == kIndexed && keeps_indices) return {1, ColourModel::kGrey, Alpha::kNone};
    if (h.type == kGreyscale || (h.type == kIndexed && !h.has_map))
        return {h.bits == 16 ? 2 : 1, ColourModel::kGrey,
                h.bits == 16 && h.has_alpha ? Alpha::kStraight : Alpha::kNone};
    const bool alpha = h.type == kIndexed ? h.map_bits != 24 : h.bits != 24 && h.has_alpha;
    return {alpha ? 4 : 3, ColourModel::kRgb, alpha ? Alpha::kStraight : Alpha::kNone};
}

/// The color of a number, opaque black where the map has none.
std::array<std::uint8_t, 4> mapped_colour(const Bytes& bytes, const Header& h, std::size_t index) {
    if (index < h.map_first || index >= h.map_first + h.map_length) return {0, 0, 0, 255};
    return colour(bytes, kHeaderBytes + h.id_bytes + (index - h.map_first) * h.map_entry_bytes(), h.map_bits);
}

/// With `kept`, a map is not resolved.
Status decode(std::string_view data, const DecodeLimits& limits, Raster& out, Palette* kept) {
    const Bytes bytes(data);
    const Header h = read_header(bytes);
    DIGITS_TRY(check_size(h.width, h.height, limits));
    const std::size_t pixels = static_cast<std::size_t>(h.width) * static_cast<std::size_t>(h.height);
    if (!h.runs && data.size() < h.data_offset() + pixels * h.pixel_bytes()) return cut_off();
    const Layout layout = layout_of(h, kept != nullptr);
    DIGITS_TRY(reset(out, h.width, h.height, layout.channels, SampleType::kU8, limits));
    out.colours = layout.colours;
    out.alpha = layout.alpha;
    PixelReader reader(bytes, h);
    for (int y = 0; y < h.height; ++y) {
        std::uint8_t* row = out.row(h.top_down ? y : h.height - 1 - y);
        for (int x = 0; x < h.width; ++x) {
            const std::size_t at = reader.next();
            if (at == 0) return cut_off();
            std::uint8_t* to = row + (h.right_to_left ? h.width - 1 - x : x) * layout.channels;
            if (layout.colours == ColourModel::kGrey) {
                for (int c = 0; c < layout.channels; ++c) to[c] = bytes.u8(at + static_cast<std::size_t>(c));
                continue;
            }
            const auto rgba = h.type == kTrueColour ? colour(bytes, at, h.bits) : mapped_colour(bytes, h, bytes.u8(at));
            std::copy_n(rgba.begin(), layout.channels, to);
        }
    }
    if (reader.overruns()) return fail(ErrorCode::kDataLoss, "damaged TGA: a run goes on beyond the last pixel");
    if (!kept || h.type != kIndexed || !h.has_map) return {};
    for (std::size_t i = 0; i < std::min<std::size_t>(256, h.map_first + h.map_length); ++i) {
        const auto rgba = mapped_colour(bytes, h, i);
        kept->push_back(static_cast<std::uint32_t>(rgba[0] << 16 | rgba[1] << 8 | rgba[2]));
    }
    return {};
}

}  // namespace

Status decode_tga(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, out, nullptr);
}

Status decode_tga_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, out, &palette);
}

}  // namespace digits::codec
