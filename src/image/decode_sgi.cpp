#include <algorithm>
#include <cstring>

#include "image/codecs.hpp"

// Silicon Graphics's format by "The SGI Image File Format" 1.00; numbers are big-endian, rows come from below, channel
// by channel.

namespace digits::codec {
namespace {

constexpr std::size_t kHeaderBytes = 512;

struct Header {
    bool runs;
    std::size_t sample_bytes;
    unsigned dimensions;  ///< 1: a row, 2: one channel, 3: several
    std::size_t width;
    std::size_t height;
    std::size_t channels;
};

tl::unexpected<Error> cut_off() { return fail(ErrorCode::kDataLoss, "damaged SGI image: the file is cut off"); }

Header read_header(const BigEndianBytes& bytes) {
    const unsigned dimensions = bytes.u16(4);
    return {.runs = bytes.u8(2) == 1,
            .sample_bytes = bytes.u8(3),
            .dimensions = dimensions,
            .width = bytes.u16(6),
            .height = bytes.u16(8),
            .channels = dimensions == 3 ? bytes.u16(10) : 1};
}

/// Gives the samples of one row of one channel.
class RowReader {
  public:
    RowReader(const BigEndianBytes& bytes, const Header& h) : bytes_(bytes), h_(h) {}

    Status read(std::size_t channel, std::size_t row, std::vector<std::uint16_t>& to) const {
        const std::size_t place = channel * h_.height + row;
        if (h_.runs) return read_runs(place, to);
        const std::size_t at = kHeaderBytes + place * h_.width * h_.sample_bytes;
        if (at + h_.width * h_.sample_bytes > bytes_.size()) return cut_off();
        for (std::size_t x = 0; x < to.size(); ++x) to[x] = sample(at + x * h_.sample_bytes);
        return {};
    }

  private:
    std::uint16_t sample(std::size_t at) const {
        return static_cast<std::uint16_t>(h_.sample_bytes == 2 ? bytes_.u16(at) : bytes_.u8(at));
    }

    /// One table has the offsets of the rows, a second one their lengths in bytes.
    Status read_runs(std::size_t place, std::vector<std::uint16_t>& to) const {
        const std::size_t tables = 4 * h_.height * h_.channels;
        const std::size_t begin = bytes_.u32(kHeaderBytes + 4 * place);
        const std::size_t length = bytes_.u32(kHeaderBytes + tables + 4 * place);
        if (kHeaderBytes + 2 * tables > bytes_.size() || begin > bytes_.size() || length > bytes_.size() - begin)
            return cut_off();
        const std::size_t end = begin + length;
        const std::size_t step = h_.sample_bytes;
        std::size_t x = 0;
        for (std::size_t at = begin; x < to.size();) {
            const unsigned packet = at + step <= end ? sample(at) : 0u;
            const std::size_t count = packet & 127;
            const bool is_literal = (packet & 128) != 0;
            at += step;
            if (count == 0)
                return fail(ErrorCode::kDataLoss, "damaged SGI image: a row ends after {} of {} pixels", x, to.size());
            if (count > to.size() - x)
                return fail(ErrorCode::kDataLoss, "damaged SGI image: a run goes on beyond the end of a row");
            if (at + (is_literal ? count : 1) * step > end)
                return fail(ErrorCode::kDataLoss, "damaged SGI image: a run goes on beyond the samples of a row");
            for (std::size_t i = 0; i < count; ++i) to[x++] = sample(is_literal ? at + i * step : at);
            at += (is_literal ? count : 1) * step;
        }
        return {};
    }

    const BigEndianBytes& bytes_;
    const Header& h_;
};

}  // namespace

Status decode_sgi(std::string_view data, const DecodeLimits& limits, Raster& out) {
    const BigEndianBytes bytes(data);
    if (data.size() < kHeaderBytes) return cut_off();
    const Header h = read_header(bytes);
    DIGITS_TRY(check_size(static_cast<std::int64_t>(h.width), static_cast<std::int64_t>(h.height), limits));
    if (h.channels != 1 && h.channels != 3 && h.channels != 4)
        return fail(ErrorCode::kUnsupported, "an SGI image must have 1, 3 or 4 channels; got {}", h.channels);
    const bool wide = h.sample_bytes == 2;
    if (!h.runs && data.size() - kHeaderBytes < h.width * h.height * h.channels * h.sample_bytes) return cut_off();
    DIGITS_TRY(reset(out, static_cast<std::int64_t>(h.width), static_cast<std::int64_t>(h.height),
                     static_cast<int>(h.channels), wide ? SampleType::kU16 : SampleType::kU8, limits));
    out.colours = h.channels == 1 ? ColourModel::kGrey : ColourModel::kRgb;
    out.alpha = h.channels == 4 ? Alpha::kStraight : Alpha::kNone;
    if (wide) {
        out.bits = 16;
        out.white = 65535;
    }
    const RowReader reader(bytes, h);
    std::vector<std::uint16_t> row(h.width);
    for (std::size_t channel = 0; channel < h.channels; ++channel)
        for (std::size_t y = 0; y < h.height; ++y) {
            DIGITS_TRY(reader.read(channel, y, row));
            std::uint8_t* to = out.row(static_cast<int>(h.height - 1 - y)) + channel * h.sample_bytes;
            for (const std::uint16_t sample : row) {
                if (wide)
                    std::memcpy(to, &sample, sizeof sample);
                else
                    *to = static_cast<std::uint8_t>(sample);
                to += h.channels * h.sample_bytes;
            }
        }
    return {};
}

}  // namespace digits::codec
