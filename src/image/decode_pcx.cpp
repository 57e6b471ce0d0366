#include <algorithm>
#include <array>

#include "image/codecs.hpp"

// Paintbrush's format as ZSoft describes it; what Pillow makes of it where that leaves a choice.

namespace digits::codec {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kHeaderPalette = 16;      ///< where the 16 colors of the header begin
constexpr std::size_t kPaletteBytes = 1 + 768;  ///< behind the samples: a mark, and 256 colors
constexpr unsigned kPaletteMark = 12;

struct Header {
    unsigned version;
    bool runs;
    unsigned bits;  ///< of a sample of one plane
    unsigned planes;
    std::int64_t width;
    std::int64_t height;
    std::size_t stride;  ///< bytes of a row of one plane

    bool is_bitmap() const { return bits == 1 && planes == 1; }
    /// Whether the palette in the header counts: 4, 8 or 16 colors.
    bool has_few_colours() const { return (bits == 1 && (planes == 2 || planes == 4)) || (bits == 4 && planes == 1); }
    bool is_byte_sized() const { return version == 5 && bits == 8 && (planes == 1 || planes == 3); }
};

Header read_header(const Bytes& bytes) {
    Header h{.version = bytes.u8(1),
             .runs = bytes.u8(2) != 0,
             .bits = bytes.u8(3),
             .planes = bytes.u8(65),
             .width = std::int64_t{bytes.u16(8)} - bytes.u16(4) + 1,
             .height = std::int64_t{bytes.u16(10)} - bytes.u16(6) + 1,
             .stride = bytes.u16(66)};
    // Rows should have an even number of bytes; some files have odd ones, and headers that say nothing.
    const auto needed = (static_cast<std::size_t>(std::max<std::int64_t>(h.width, 0)) * h.bits + 7) / 8;
    if (h.stride < needed) h.stride = needed + needed % 2;
    return h;
}

tl::unexpected<Error> cut_off() { return fail(ErrorCode::kDataLoss, "damaged PCX: the file is cut off"); }

/// Reads rows of all planes; a byte whose two highest bits are set is a count for the next one.
class RowReader {
  public:
    RowReader(const Bytes& bytes, bool runs) : bytes_(bytes), runs_(runs) {}

    Status read(std::vector<std::uint8_t>& row) {
        for (std::size_t x = 0; x < row.size();) {
            std::size_t count = 1;
            if (runs_ && (bytes_.u8(at_) & 0xc0) == 0xc0) count = bytes_.u8(at_++) & 0x3f;
            if (at_ >= bytes_.size()) return cut_off();
            if (count > row.size() - x)
                return fail(ErrorCode::kDataLoss, "damaged PCX: a run goes on beyond the end of a row");
            std::fill_n(row.begin() + static_cast<std::ptrdiff_t>(x), count, bytes_.u8(at_++));
            x += count;
        }
        return {};
    }
    std::size_t at() const { return at_; }

  private:
    const Bytes& bytes_;
    bool runs_;
    std::size_t at_ = kHeaderBytes;
};

/// The number of a pixel from planes of bits, the first plane lowest, or from samples of 4 and 8 bits.
unsigned number_at(const std::vector<std::uint8_t>& row, const Header& h, std::size_t x) {
    if (h.bits == 8) return row[x];
    if (h.bits == 4) return x % 2 == 0 ? row[x / 2] >> 4 : row[x / 2] & 15u;
    unsigned number = 0;
    for (std::size_t plane = 0; plane < h.planes; ++plane)
        number |= (row[plane * h.stride + x / 8] >> (7 - x % 8) & 1u) << plane;
    return number;
}

using Colours = std::array<std::array<std::uint8_t, 3>, 256>;

Colours read_colours(const Bytes& bytes, std::size_t at, std::size_t count) {
    Colours colours{};
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < 3; ++c) colours[i][c] = bytes.u8(at + 3 * i + c);
    return colours;
}

/// As Pillow: a palette that counts up in grey makes a grey image.
bool is_grey(const Colours& colours) {
    for (std::size_t i = 0; i < colours.size(); ++i)
        for (const auto part : colours[i])
            if (part != i) return false;
    return true;
}

/// `out` has the numbers; with colors it becomes an image of these, unless `kept` takes them.
Status resolve(const Colours& colours, std::size_t count, const DecodeLimits& limits, Raster& out, Palette* kept) {
    if (kept) {
        for (std::size_t i = 0; i < count; ++i)
            kept->push_back(static_cast<std::uint32_t>(colours[i][0] << 16 | colours[i][1] << 8 | colours[i][2]));
        return {};
    }
    const std::vector<std::uint8_t> numbers = std::move(out.samples);
    out.samples = {};
    DIGITS_TRY(reset(out, out.width, out.height, 3, SampleType::kU8, limits));
    out.colours = ColourModel::kRgb;
    auto to = out.samples.begin();
    for (const auto number : numbers) to = std::ranges::copy(colours[number], to).out;
    return {};
}

/// With `kept`, a palette is not resolved, and bits stay 0 and 1.
Status decode(std::string_view data, const DecodeLimits& limits, Raster& out, Palette* kept) {
    const Bytes bytes(data);
    if (data.size() < kHeaderBytes) return cut_off();
    const Header h = read_header(bytes);
    DIGITS_TRY(check_size(h.width, h.height, limits));
    if (!h.is_bitmap() && !h.has_few_colours() && !h.is_byte_sized())
        return fail(ErrorCode::kUnsupported, "a PCX of version {} with {} planes of {} bits", h.version, h.planes,
                    h.bits);
    const bool rgb = h.planes == 3;
    DIGITS_TRY(reset(out, h.width, h.height, rgb ? 3 : 1, SampleType::kU8, limits));
    out.colours = rgb ? ColourModel::kRgb : ColourModel::kGrey;
    out.alpha = Alpha::kNone;
    std::vector<std::uint8_t> row(h.stride * h.planes);
    RowReader reader(bytes, h.runs);
    for (int y = 0; y < out.height; ++y) {
        DIGITS_TRY(reader.read(row));
        std::uint8_t* to = out.row(y);
        for (std::size_t x = 0; x < static_cast<std::size_t>(out.width); ++x) {
            if (rgb)
                for (std::size_t c = 0; c < 3; ++c) *to++ = row[c * h.stride + x];
            else
                *to++ = static_cast<std::uint8_t>(number_at(row, h, x));
        }
    }
    if (rgb) return {};
    if (h.is_bitmap()) {
        if (!kept)
            for (auto& sample : out.samples) sample = sample != 0 ? 255 : 0;
        return {};
    }
    if (h.has_few_colours()) {
        const std::size_t count = std::size_t{1} << h.bits * h.planes;
        return resolve(read_colours(bytes, kHeaderPalette, count), count, limits, out, kept);
    }
    const std::size_t left = data.size() - reader.at();
    const bool is_cut = left > 0 && left < kPaletteBytes && bytes.u8(reader.at()) == kPaletteMark;
    if (is_cut) return cut_off();
    if (left < kPaletteBytes || bytes.u8(data.size() - kPaletteBytes) != kPaletteMark) return {};
    const auto colours = read_colours(bytes, data.size() - kPaletteBytes + 1, 256);
    return is_grey(colours) ? Status() : resolve(colours, 256, limits, out, kept);
}

}  // namespace

Status decode_pcx(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    return decode(bytes, limits, out, nullptr);
}

Status decode_pcx_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& palette) {
    return decode(bytes, limits, out, &palette);
}

}  // namespace digits::codec
