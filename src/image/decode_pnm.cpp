#include <algorithm>
#include <cmath>

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
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            } else if (rest_[0] == ' ' || (rest_[0] >= '\t' && rest_[0] <= '\r')) {
                rest_.remove_prefix(1);
            } else {
                return;
            }
        }
    }
    std::string_view rest_;
};

std::uint8_t to_8_bits(int value, int max_value) {
    if (max_value == 255) return static_cast<std::uint8_t>(std::min(value, 255));
    // Python's round: half to even.
    return static_cast<std::uint8_t>(std::min(255.0, std::nearbyint(value * 255.0 / max_value)));
}

Status read_plain(Cursor& cursor, bool bitmap, int max_value, Image& out) {
    for (auto& sample : out.pixels) {
        DIGITS_ASSIGN(const int value, bitmap ? cursor.bit() : cursor.number());
        if (!bitmap && value > max_value)
            return fail(ErrorCode::kDataLoss, "damaged PNM: the value {} is over the maximum of {}", value, max_value);
        sample = bitmap ? (value ? 0 : 255) : to_8_bits(value, max_value);
    }
    return {};
}

Status read_binary(std::string_view data, bool bitmap, int max_value, Image& out) {
    const std::size_t samples = out.pixels.size();
    const std::size_t bitmap_row = (static_cast<std::size_t>(out.width) + 7) / 8;
    const std::size_t needed = bitmap            ? bitmap_row * static_cast<std::size_t>(out.height)
                               : max_value > 255 ? samples * 2
                                                 : samples;
    if (data.size() < needed)
        return fail(ErrorCode::kDataLoss, "damaged PNM: {} bytes of samples, expected {}", data.size(), needed);
    const auto* from = reinterpret_cast<const std::uint8_t*>(data.data());
    if (bitmap) {
        for (int y = 0; y < out.height; ++y, from += bitmap_row)
            for (int x = 0; x < out.width; ++x) out.row(y)[x] = (from[x / 8] >> (7 - x % 8)) & 1 ? 0 : 255;
    } else if (max_value == 255) {
        std::copy(from, from + samples, out.pixels.begin());
    } else {
        const bool wide = max_value > 255;
        for (std::size_t i = 0; i < samples; ++i)
            out.pixels[i] = to_8_bits(wide ? from[2 * i] << 8 | from[2 * i + 1] : from[i], max_value);
    }
    return {};
}

}  // namespace

Status decode_pnm(std::string_view bytes, const DecodeLimits& limits, Image& out) {
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
        return fail(ErrorCode::kDataLoss, "damaged PNM: a maximum of {}, expected 1 to 65535", max_value);
    DIGITS_TRY(check_size(width, height, limits));
    if (bytes.size() < static_cast<std::size_t>(width) * static_cast<std::size_t>(height) / 8)
        return fail(ErrorCode::kDataLoss, "damaged PNM: {} bytes cannot hold {} x {} pixels", bytes.size(), width,
                    height);
    out.reset(width, height, kind == 3 || kind == 6 ? 3 : 1);
    if (kind <= 3) return read_plain(cursor, bitmap, max_value, out);
    cursor.skip_one();
    return read_binary(cursor.rest(), bitmap, max_value, out);
}

}  // namespace digits::codec
