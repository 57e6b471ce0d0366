#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.hpp"
#include "image/image.hpp"

namespace digits {

/// How a picture of another shape is fitted.
enum class ResizeMode {
    kSquash,    ///< stretched to the size
    kCrop,      ///< scaled until it covers the size, then cut about its centre
    kFill,      ///< scaled until it fits inside, then padded with noise on both ends
    kHalfCrop,  ///< half way between the two: cut one way, padded the other
};

template <>
struct EnumNames<ResizeMode> {
    static constexpr std::array<std::pair<ResizeMode, std::string_view>, 4> kNames{{
        {ResizeMode::kSquash, "squash"},
        {ResizeMode::kCrop, "crop"},
        {ResizeMode::kFill, "fill"},
        {ResizeMode::kHalfCrop, "half_crop"},
    }};
};

/// Pillow's resize with BILINEAR: a triangle filter that averages when shrinking. Equal to it bit by bit.
Image resize_bilinear(const Image& image, int width, int height);

/// To `width` x `height` by DIGITS' rules. Padding is noise of 0 to 254, the same at both ends, from `noise_seed`
/// alone.
Image fit_image(Image image, int width, int height, ResizeMode mode, std::uint64_t noise_seed = 0);

}  // namespace digits
