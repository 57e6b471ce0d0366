#include "image/label_image.hpp"

#include <cmath>
#include <cstring>
#include <optional>

namespace digits {
namespace {

constexpr float kMostNumber = 65535;

/// Samples of a raster as whole numbers.
class Samples {
  public:
    explicit Samples(const Raster& raster) : raster_(raster) {}

    /// None for a float that is not a number of a class.
    std::optional<std::uint32_t> number(std::size_t i) const {
        switch (raster_.type) {
            case SampleType::kU8: return raster_.samples[i];
            case SampleType::kU16: return at<std::uint16_t>(i);
            case SampleType::kF32: break;
        }
        const auto value = at<float>(i);
        if (!(value >= 0 && value <= kMostNumber) || value != std::floor(value)) return std::nullopt;
        return static_cast<std::uint32_t>(value);
    }
    /// Of a color, or of alpha: 0 to 255.
    std::optional<std::uint32_t> part(std::size_t i) const {
        const auto value = number(i);
        if (value && raster_.type == SampleType::kU16) return *value >> 8;
        return value && *value > 255 ? std::nullopt : value;
    }
    Error error_at(std::size_t pixel, std::size_t i) const {
        const auto width = static_cast<std::size_t>(raster_.width);
        return make_error(ErrorCode::kUnsupported,
                          "the pixel in column {}, row {} is {:.6g}; it must be a whole number from 0 to 65535",
                          pixel % width + 1, pixel / width + 1, at<float>(i));
    }

  private:
    template <typename Sample>
    Sample at(std::size_t i) const {
        Sample value;
        std::memcpy(&value, raster_.samples.data() + i * sizeof value, sizeof value);
        return value;
    }

    const Raster& raster_;
};

}  // namespace

Result<LabelImage> decode_label_image(std::string_view bytes, const DecodeOptions& options) {
    LabelImage label;
    DIGITS_ASSIGN(const auto raster, decode_indices(bytes, options, label.palette));
    label.width = raster.width;
    label.height = raster.height;
    const bool has_alpha = raster.alpha != Alpha::kNone;
    const auto channels = static_cast<std::size_t>(raster.channels);
    const auto colors = channels - (has_alpha ? 1 : 0);
    label.has_colors = colors >= 3;
    const auto count = static_cast<std::size_t>(raster.width) * static_cast<std::size_t>(raster.height);
    label.values.resize(count);
    if (has_alpha) label.alpha.resize(count);
    const Samples samples(raster);
    for (std::size_t pixel = 0, i = 0; pixel < count; ++pixel, i += channels) {
        auto& value = label.values[pixel];
        if (!label.has_colors) {
            const auto number = samples.number(i);
            if (!number) return fail(samples.error_at(pixel, i));
            value = *number;
        } else {
            value = 0;
            for (std::size_t c = 0; c < 3; ++c) {
                const auto part = samples.part(i + c);
                if (!part) return fail(samples.error_at(pixel, i + c));
                value = value << 8 | *part;
            }
        }
        if (has_alpha) label.alpha[pixel] = static_cast<std::uint8_t>(samples.part(i + colors).value_or(0));
    }
    return label;
}

}  // namespace digits
