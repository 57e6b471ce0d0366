#include "image/image.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/vectorised.hpp"

namespace digits {
namespace {

DIGITS_VECTORISED
void split_rgb(const std::uint8_t* from, std::size_t count, std::uint8_t* red, std::uint8_t* green,
               std::uint8_t* blue) {
    for (std::size_t i = 0; i < count; ++i) {
        red[i] = from[3 * i];
        green[i] = from[3 * i + 1];
        blue[i] = from[3 * i + 2];
    }
}

}  // namespace

Image convert_channels(Image image, int channels) {
    DIGITS_CHECK(channels == 1 || channels == 3);
    if (image.channels == channels) return image;
    Image out;
    out.reset(image.width, image.height, channels);
    const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const std::uint8_t* from = image.pixels.data();
    std::uint8_t* to = out.pixels.data();
    if (channels == 1) {
        for (std::size_t i = 0; i < count; ++i)
            to[i] = static_cast<std::uint8_t>(
                (19595u * from[3 * i] + 38470u * from[3 * i + 1] + 7471u * from[3 * i + 2] + 0x8000u) >> 16);
    } else {
        for (std::size_t i = 0; i < count; ++i) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
    }
    return out;
}

void to_planar_bgr(const Image& image, std::uint8_t* out) {
    const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const std::uint8_t* from = image.pixels.data();
    if (image.channels == 1) {
        std::copy(from, from + count, out);
        return;
    }
    split_rgb(from, count, out + 2 * count, out + count, out);
}

Image from_planar_bgr(const std::uint8_t* planes, int width, int height, int channels) {
    DIGITS_CHECK(channels == 1 || channels == 3);
    Image image;
    image.reset(width, height, channels);
    const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    if (channels == 1) {
        std::copy(planes, planes + count, image.pixels.begin());
        return image;
    }
    std::uint8_t* to = image.pixels.data();
    for (std::size_t i = 0; i < count; ++i) {
        to[3 * i] = planes[2 * count + i];
        to[3 * i + 1] = planes[count + i];
        to[3 * i + 2] = planes[i];
    }
    return image;
}

}  // namespace digits
