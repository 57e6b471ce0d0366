#include "image/label_image.hpp"

#include <cstring>

#include "image/codecs.hpp"
#include "image/formats.hpp"

namespace digits {

Result<LabelImage> decode_label_image(std::string_view bytes, const DecodeOptions& options) {
    LabelImage label;
    Raster raster;
    if (sniff_image(bytes) == ImageFormat::kPng) {
        DIGITS_TRY(codec::decode_png_indices(bytes, options.limits, raster, label.palette));
        if (options.upright) turn_upright(raster);
    } else {
        DIGITS_ASSIGN(raster, decode_raster(bytes, options));
    }
    if (raster.type == SampleType::kF32)
        return fail(ErrorCode::kUnsupported, "the pixels are floats, expected classes or colors");
    label.width = raster.width;
    label.height = raster.height;
    label.has_colors = raster.channels >= 3;
    const auto count = static_cast<std::size_t>(raster.width) * static_cast<std::size_t>(raster.height);
    const auto channels = static_cast<std::size_t>(raster.channels);
    label.values.resize(count);
    const auto sample = [&](std::size_t i) -> std::uint32_t {
        if (raster.type == SampleType::kU8) return raster.samples[i];
        std::uint16_t value = 0;
        std::memcpy(&value, raster.samples.data() + 2 * i, sizeof value);
        return label.has_colors ? value >> 8 : value;
    };
    for (std::size_t i = 0; i < count; ++i)
        label.values[i] = label.has_colors
                              ? sample(i * channels) << 16 | sample(i * channels + 1) << 8 | sample(i * channels + 2)
                              : sample(i * channels);
    return label;
}

}  // namespace digits
