#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/enum_names.hpp"
#include "image/image.hpp"

namespace digits {

/// How an image of another shape is fitted.
enum class ResizeMode {
    kSquash,    ///< stretched to the size
    kCrop,      ///< scaled until it covers the size, then cut about its centre
    kFill,      ///< scaled until it fits inside, then padded with noise on both ends
    kHalfCrop,  ///< half way between the two: cut one way, padded the other
    kNone,      ///< left as it is
};

template <>
struct EnumNames<ResizeMode> {
    static constexpr std::array<std::pair<ResizeMode, std::string_view>, 5> kNames{{
        {ResizeMode::kSquash, "squash"},
        {ResizeMode::kCrop, "crop"},
        {ResizeMode::kFill, "fill"},
        {ResizeMode::kHalfCrop, "half_crop"},
        {ResizeMode::kNone, "none"},
    }};
};

/// Pillow's resize with BILINEAR: a triangle filter that averages when shrinking. Equal to it bit by bit.
Image resize_bilinear(const Image& image, int width, int height);

/// Where a point of the image as decoded is in the fitted one: fitted = original * scale + offset, in pixels from the
/// upper left corner.
struct ImagePlacement {
    double scale_x = 1;
    double scale_y = 1;
    double offset_x = 0;
    double offset_y = 0;
    double x(double original) const { return original * scale_x + offset_x; }
    double y(double original) const { return original * scale_y + offset_y; }
    double original_x(double fitted) const { return (fitted - offset_x) / scale_x; }
    double original_y(double fitted) const { return (fitted - offset_y) / scale_y; }
    bool operator==(const ImagePlacement&) const = default;
};

/// What `fit_image` does to an image of `width` x `height`.
ImagePlacement fit_placement(int width, int height, int to_width, int to_height, ResizeMode mode);

/// To `width` x `height` by DIGITS' rules. Padding is noise of 0 to 254, the same at both ends, from `noise_seed`
/// alone. That of a deep image is 0.
Image fit_image(Image image, int width, int height, ResizeMode mode, std::uint64_t noise_seed = 0);

/// Class numbers of pixels, fitted as the image that they belong to, by the nearest neighbour as Pillow takes it: no
/// new numbers but `padding`.
std::vector<std::uint16_t> fit_mask(std::span<const std::uint16_t> ids, int width, int height, int to_width,
                                    int to_height, ResizeMode mode, std::uint16_t padding);

}  // namespace digits
