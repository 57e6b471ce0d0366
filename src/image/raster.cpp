#include "image/raster.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "image/codecs.hpp"

namespace digits {
namespace {

int colour_channels(const Raster& raster) {
    switch (raster.colours) {
        case ColourModel::kGrey: return 1;
        case ColourModel::kRgb: return 3;
        case ColourModel::kCmyk: return 4;
        case ColourModel::kOther: break;
    }
    return raster.channels;
}

template <typename Sample>
Sample sample_at(const std::uint8_t* row, std::size_t index) {
    Sample value;
    std::memcpy(&value, row + index * sizeof(Sample), sizeof(Sample));
    return value;
}

template <typename Sample>
SampleRange range_of(const Raster& raster) {
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -lowest;
    const auto channels = static_cast<std::size_t>(raster.channels);
    const auto colours = static_cast<std::size_t>(colour_channels(raster));
    for (int y = 0; y < raster.height; ++y) {
        const std::uint8_t* row = raster.row(y);
        for (std::size_t x = 0; x < static_cast<std::size_t>(raster.width); ++x)
            for (std::size_t c = 0; c < colours; ++c) {
                const double value = sample_at<Sample>(row, x * channels + c);
                if (!std::isfinite(value)) continue;
                lowest = std::min(lowest, value);
                highest = std::max(highest, value);
            }
    }
    if (lowest > highest) return {0, 0};
    return {lowest, highest};
}

/// Samples of one type to 8 bits.
class Narrower {
  public:
    Narrower(const Raster& raster, const SampleRange* range) : raster_(raster), range_(range) {}

    void operator()(const std::uint8_t* row, std::size_t count, std::uint8_t* to) const {
        switch (raster_.type) {
            case SampleType::kU8: std::copy(row, row + count, to); return;
            case SampleType::kU16:
                for (std::size_t i = 0; i < count; ++i) to[i] = narrow(sample_at<std::uint16_t>(row, i), i);
                return;
            case SampleType::kF32:
                for (std::size_t i = 0; i < count; ++i) to[i] = narrow(sample_at<float>(row, i), i);
                return;
        }
    }

  private:
    static std::uint8_t clipped(double value) {
        // Written so that NaN becomes 0.
        return value > 0 ? static_cast<std::uint8_t>(std::min(value, 255.0)) : std::uint8_t{0};
    }
    bool is_scaled(std::size_t index) const {
        return range_ != nullptr &&
               index % static_cast<std::size_t>(raster_.channels) < static_cast<std::size_t>(colour_channels(raster_));
    }
    std::uint8_t scaled(double value) const {
        const double span = range_->highest - range_->lowest;
        return span > 0 ? clipped(std::nearbyint((value - range_->lowest) * 255 / span)) : std::uint8_t{0};
    }
    std::uint8_t narrow(std::uint16_t value, std::size_t index) const {
        if (is_scaled(index)) return scaled(value);
        if (raster_.narrowing == Narrowing::kRound) return clipped(std::nearbyint(value * 255.0 / raster_.white));
        return static_cast<std::uint8_t>(std::min(value >> (raster_.bits - 8), 255));
    }
    std::uint8_t narrow(float value, std::size_t index) const {
        return is_scaled(index) ? scaled(value) : clipped(value);
    }

    const Raster& raster_;
    const SampleRange* range_;
};

/// Divides by alpha, as Pillow reads "RGBa".
void unpremultiply(std::uint8_t* row, std::size_t pixels, std::size_t channels, std::size_t colours) {
    for (std::size_t x = 0; x < pixels; ++x, row += channels) {
        const unsigned alpha = row[colours];
        if (alpha == 0 || alpha == 255) continue;
        for (std::size_t c = 0; c < colours; ++c)
            row[c] = static_cast<std::uint8_t>(std::min(row[c] * 255u / alpha, 255u));
    }
}

/// Grey or R G B out of pixels of `channels` samples, of which alpha is the next.
template <std::size_t kColours>
void put_row(const std::uint8_t* from, std::size_t pixels, std::size_t channels, bool alpha, std::uint8_t* to) {
    if (!alpha) {
        for (std::size_t x = 0; x < pixels; ++x, from += channels, to += kColours) std::copy_n(from, kColours, to);
    } else if (channels == kColours + 1) {
        for (std::size_t x = 0; x < pixels; ++x, from += kColours + 1, to += kColours)
            for (std::size_t c = 0; c < kColours; ++c) to[c] = codec::over_white(from[c], from[kColours]);
    } else {
        for (std::size_t x = 0; x < pixels; ++x, from += channels, to += kColours)
            for (std::size_t c = 0; c < kColours; ++c) to[c] = codec::over_white(from[c], from[kColours]);
    }
}

void put_ink(const std::uint8_t* from, std::size_t pixels, std::size_t channels, bool alpha, std::uint8_t* to) {
    for (std::size_t x = 0; x < pixels; ++x, from += channels, to += 3) {
        codec::ink_to_rgb(from, to);
        if (!alpha) continue;
        for (int c = 0; c < 3; ++c) to[c] = codec::over_white(to[c], from[4]);
    }
}

template <std::size_t kPixelBytes>
void copy_turned(const std::uint8_t* from, std::ptrdiff_t step_x, std::ptrdiff_t step_y, int width, int height,
                 std::uint8_t* to) {
    for (int y = 0; y < height; ++y, from += step_y) {
        const std::uint8_t* pixel = from;
        for (int x = 0; x < width; ++x, pixel += step_x, to += kPixelBytes) std::memcpy(to, pixel, kPixelBytes);
    }
}

void copy_turned(const std::uint8_t* from, std::ptrdiff_t step_x, std::ptrdiff_t step_y, int width, int height,
                 std::size_t pixel_bytes, std::uint8_t* to) {
    if (pixel_bytes == 1) return copy_turned<1>(from, step_x, step_y, width, height, to);
    if (pixel_bytes == 3) return copy_turned<3>(from, step_x, step_y, width, height, to);
    for (int y = 0; y < height; ++y, from += step_y) {
        const std::uint8_t* pixel = from;
        for (int x = 0; x < width; ++x, pixel += step_x, to += pixel_bytes) std::memcpy(to, pixel, pixel_bytes);
    }
}

/// `width` and `height` are those of `samples`, and then of the turned ones.
void turn(std::vector<std::uint8_t>& samples, int& width, int& height, std::size_t pixel_bytes, int orientation) {
    if (orientation < 2 || orientation > 8 || samples.empty()) return;
    const auto step = static_cast<std::ptrdiff_t>(pixel_bytes);
    const std::ptrdiff_t row = step * width;
    const bool right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool swapped = orientation >= 5;
    const std::ptrdiff_t along = right ? -step : step;
    const std::ptrdiff_t down = bottom ? -row : row;
    const std::uint8_t* first = samples.data() + (right ? row - step : 0) + (bottom ? row * (height - 1) : 0);
    if (swapped) std::swap(width, height);
    std::vector<std::uint8_t> turned(samples.size());
    copy_turned(first, swapped ? down : along, swapped ? along : down, width, height, pixel_bytes, turned.data());
    samples = std::move(turned);
}

}  // namespace

SampleRange measure_range(const Raster& raster) {
    switch (raster.type) {
        case SampleType::kU8: return range_of<std::uint8_t>(raster);
        case SampleType::kU16: return range_of<std::uint16_t>(raster);
        case SampleType::kF32: return range_of<float>(raster);
    }
    return {};
}

Status to_image(Raster&& raster, const SampleRange* range, Image& out) {
    if (raster.colours == ColourModel::kOther)
        return fail(ErrorCode::kUnsupported,
                    "the image has {} channels of unknown meaning; it must be grayscale, RGB or CMYK", raster.channels);
    const bool grey = raster.colours == ColourModel::kGrey;
    const int out_channels = grey ? 1 : 3;
    if (raster.type == SampleType::kU8 && raster.channels == out_channels) {
        out.width = raster.width;
        out.height = raster.height;
        out.channels = out_channels;
        out.pixels = std::move(raster.samples);
        return {};
    }
    const auto channels = static_cast<std::size_t>(raster.channels);
    const auto colours = static_cast<std::size_t>(colour_channels(raster));
    const auto pixels = static_cast<std::size_t>(raster.width);
    const Narrower narrow(raster, range);
    const bool in_place = raster.type == SampleType::kU8 && raster.alpha != Alpha::kPremultiplied;
    out.reset(raster.width, raster.height, out_channels);
    std::vector<std::uint8_t> narrowed(in_place ? 0 : pixels * channels);
    for (int y = 0; y < raster.height; ++y) {
        const std::uint8_t* from = raster.row(y);
        if (!in_place) {
            narrow(from, narrowed.size(), narrowed.data());
            if (raster.alpha == Alpha::kPremultiplied) unpremultiply(narrowed.data(), pixels, channels, colours);
            from = narrowed.data();
        }
        const bool alpha = raster.alpha != Alpha::kNone;
        if (raster.colours == ColourModel::kCmyk)
            put_ink(from, pixels, channels, alpha, out.row(y));
        else if (grey)
            put_row<1>(from, pixels, channels, alpha, out.row(y));
        else
            put_row<3>(from, pixels, channels, alpha, out.row(y));
    }
    return {};
}

Status to_deep_image(Raster&& raster, Image& out) {
    if (raster.colours == ColourModel::kCmyk) {
        Image narrow;
        DIGITS_TRY(to_image(std::move(raster), nullptr, narrow));
        out.reset_deep(narrow.width, narrow.height, narrow.channels);
        std::ranges::copy(narrow.pixels, out.values.begin());
        return {};
    }
    const auto channels = static_cast<std::size_t>(raster.channels);
    const auto kept = static_cast<std::size_t>(colour_channels(raster));
    const auto pixels = static_cast<std::size_t>(raster.width);
    out.reset_deep(raster.width, raster.height, static_cast<int>(kept));
    const auto copy = [&]<typename Sample>(Sample) {
        for (int y = 0; y < raster.height; ++y) {
            const std::uint8_t* from = raster.row(y);
            float* to = out.deep_row(y);
            for (std::size_t x = 0; x < pixels; ++x)
                for (std::size_t c = 0; c < kept; ++c)
                    *to++ = static_cast<float>(sample_at<Sample>(from, x * channels + c));
        }
    };
    switch (raster.type) {
        case SampleType::kU8: copy(std::uint8_t{}); break;
        case SampleType::kU16: copy(std::uint16_t{}); break;
        case SampleType::kF32: copy(float{}); break;
    }
    return {};
}

void turn_upright(Image& image, int orientation) {
    turn(image.pixels, image.width, image.height, static_cast<std::size_t>(image.channels), orientation);
}

void turn_upright(Raster& raster) {
    if (raster.is_upright) return;
    turn(raster.samples, raster.width, raster.height, static_cast<std::size_t>(raster.channels) * raster.sample_bytes(),
         raster.orientation);
    raster.is_upright = true;
}

}  // namespace digits
