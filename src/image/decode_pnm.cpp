#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "image/codecs.hpp"

namespace digits::codec {
namespace {

class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}

    /// The next decimal number after white space and comments.
    Result<int> number() {
        skip_space();
        std::int64_t value = 0;
        std::size_t digits = 0;
        while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9' && value < 1'000'000'000)
            value = value * 10 + (rest_[digits++] - '0');
        if (digits == 0 || value >= 1'000'000'000)
            return fail(ErrorCode::kDataLoss, "damaged PNM: a number is missing or too large");
        rest_.remove_prefix(digits);
        return static_cast<int>(value);
    }
    /// The scale of a PFM, whose sign is the byte order.
    Result<double> scale() {
        skip_space();
        const std::string text(rest_.substr(0, std::min<std::size_t>(rest_.find_first_of(" \t\r\n"), 32)));
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        if (end == text.c_str() || value == 0 || !std::isfinite(value))
            return fail(ErrorCode::kDataLoss, "damaged PFM: the scale is missing or 0");
        rest_.remove_prefix(static_cast<std::size_t>(end - text.c_str()));
        return value;
    }
    /// One digit 0 or 1 of a plain bitmap, which need not be separated.
    Result<int> bit() {
        skip_space();
        if (rest_.empty() || (rest_[0] != '0' && rest_[0] != '1'))
            return fail(ErrorCode::kDataLoss, "damaged PNM: the file is cut off or holds a value that is not 0 or 1");
        const int value = rest_[0] - '0';
        rest_.remove_prefix(1);
        return value;
    }
    /// The single white space between header and binary samples.
    void skip_one() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }
    std::string_view rest() const { return rest_; }

  private:
    void skip_space() {
        while (!rest_.empty()) {
            if (rest_[0] == '#') {
                rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
            } else if (rest_[0] == ' ' || (rest_[0] >= '\t' && rest_[0] <= '\r')) {
                rest_.remove_prefix(1);
            } else {
                return;
            }
        }
    }
    std::string_view rest_;
};

/// Puts samples of up to `max_value` where the raster wants them: scaled to 8 bits, or 16 bits as they are.
class Sink {
  public:
    Sink(Raster& out, int max_value) : to_(out.samples.data()), wide_(out.type == SampleType::kU16), max_(max_value) {}

    void put(int value) {
        if (wide_) {
            const auto sample = static_cast<std::uint16_t>(std::min(value, max_));
            std::memcpy(to_, &sample, sizeof sample);
            to_ += sizeof sample;
        } else if (max_ == 255) {
            *to_++ = static_cast<std::uint8_t>(std::min(value, 255));
        } else {
            // Python's round: half to even.
            *to_++ = static_cast<std::uint8_t>(std::min(255.0, std::nearbyint(value * 255.0 / max_)));
        }
    }

  private:
    std::uint8_t* to_;
    bool wide_;
    int max_;
};

std::size_t sample_count(const Raster& raster) { return raster.samples.size() / raster.sample_bytes(); }

Status read_plain(Cursor& cursor, bool bitmap, int max_value, Raster& out) {
    Sink sink(out, bitmap ? 255 : max_value);
    for (std::size_t i = sample_count(out); i > 0; --i) {
        DIGITS_ASSIGN(const int value, bitmap ? cursor.bit() : cursor.number());
        if (!bitmap && value > max_value)
            return fail(ErrorCode::kDataLoss, "damaged PNM: the value {} is over the maximum of {}", value, max_value);
        sink.put(bitmap ? (value ? 0 : 255) : value);
    }
    return {};
}

tl::unexpected<Error> cut_off(std::size_t size, std::size_t needed) {
    return fail(ErrorCode::kDataLoss, "damaged PNM: its samples have {} bytes instead of {}", size, needed);
}

Status read_bitmap(std::string_view data, Raster& out) {
    const std::size_t row_bytes = (static_cast<std::size_t>(out.width) + 7) / 8;
    const std::size_t needed = row_bytes * static_cast<std::size_t>(out.height);
    if (data.size() < needed) return cut_off(data.size(), needed);
    const auto* from = reinterpret_cast<const std::uint8_t*>(data.data());
    for (int y = 0; y < out.height; ++y, from += row_bytes)
        for (int x = 0; x < out.width; ++x) out.row(y)[x] = (from[x / 8] >> (7 - x % 8)) & 1 ? 0 : 255;
    return {};
}

Status read_binary(std::string_view data, int max_value, Raster& out) {
    const std::size_t needed = out.samples.size();
    if (data.size() < needed) return cut_off(data.size(), needed);
    const auto* from = reinterpret_cast<const std::uint8_t*>(data.data());
    if (max_value == 255) {
        std::copy(from, from + needed, out.samples.begin());
        return {};
    }
    Sink sink(out, max_value);
    const bool wide = out.type == SampleType::kU16;
    for (std::size_t i = 0; i < sample_count(out); ++i) sink.put(wide ? from[2 * i] << 8 | from[2 * i + 1] : from[i]);
    return {};
}

/// PFM: rows from the bottom, 32-bit floats in the byte order of the scale's sign.
Status decode_floats(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    Cursor cursor(bytes.substr(2));
    DIGITS_ASSIGN(const int width, cursor.number());
    DIGITS_ASSIGN(const int height, cursor.number());
    DIGITS_ASSIGN(const double scale, cursor.scale());
    cursor.skip_one();
    const bool grey = bytes[1] == 'f';
    DIGITS_TRY(check_size(width, height, limits));
    const std::size_t row_bytes = static_cast<std::size_t>(width) * (grey ? 4 : 12);
    const std::size_t needed = row_bytes * static_cast<std::size_t>(height);
    if (cursor.rest().size() < needed) return cut_off(cursor.rest().size(), needed);
    DIGITS_TRY(reset(out, width, height, grey ? 1 : 3, SampleType::kF32, limits));
    out.colours = grey ? ColourModel::kGrey : ColourModel::kRgb;
    out.bits = 32;
    out.floating = true;
    out.white = 0;
    const bool swapped = (scale > 0) == (std::endian::native == std::endian::little);
    for (int y = 0; y < height; ++y) {
        std::uint8_t* row = out.row(height - 1 - y);
        std::memcpy(row, cursor.rest().data() + row_bytes * static_cast<std::size_t>(y), row_bytes);
        if (!swapped) continue;
        for (std::size_t i = 0; i < row_bytes; i += 4) std::reverse(row + i, row + i + 4);
    }
    return {};
}

}  // namespace

Status decode_pnm(std::string_view bytes, const DecodeLimits& limits, Raster& out) {
    if (bytes[1] == 'f' || bytes[1] == 'F') return decode_floats(bytes, limits, out);
    const int kind = bytes[1] - '0';
    const bool bitmap = kind == 1 || kind == 4;
    Cursor cursor(bytes.substr(2));
    DIGITS_ASSIGN(const int width, cursor.number());
    DIGITS_ASSIGN(const int height, cursor.number());
    int max_value = 1;
    if (!bitmap) {
        DIGITS_ASSIGN(max_value, cursor.number());
    }
    if (max_value < 1 || max_value > 65535)
        return fail(ErrorCode::kDataLoss, "damaged PNM: the maximum must be 1 to 65535; got {}", max_value);
    DIGITS_TRY(check_size(width, height, limits));
    if (bytes.size() < static_cast<std::size_t>(width) * static_cast<std::size_t>(height) / 8)
        return fail(ErrorCode::kDataLoss, "damaged PNM: {} bytes cannot hold {} x {} pixels", bytes.size(), width,
                    height);
    const bool grey = kind != 3 && kind != 6;
    const bool wide = max_value > 255;
    DIGITS_TRY(reset(out, width, height, grey ? 1 : 3, wide ? SampleType::kU16 : SampleType::kU8, limits));
    out.colours = grey ? ColourModel::kGrey : ColourModel::kRgb;
    out.bits = static_cast<int>(std::bit_width(static_cast<unsigned>(max_value)));
    if (wide) {
        out.white = max_value;
        out.narrowing = Narrowing::kRound;
    }
    if (kind <= 3) return read_plain(cursor, bitmap, max_value, out);
    cursor.skip_one();
    return bitmap ? read_bitmap(cursor.rest(), out) : read_binary(cursor.rest(), max_value, out);
}

Status decode_pnm_indices(std::string_view bytes, const DecodeLimits& limits, Raster& out, Palette& /*palette*/) {
    DIGITS_TRY(decode_pnm(bytes, limits, out));
    const bool bitmap = bytes[1] == '1' || bytes[1] == '4';
    if (bitmap)
        for (auto& sample : out.samples) sample &= 1;
    return {};
}

}  // namespace digits::codec
