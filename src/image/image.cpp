#include "image/image.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "base/vectorised.hpp"
#include "image/stack.hpp"

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

/// Which plane the channel of a pixel goes to.
std::size_t plane_of(std::size_t channel, std::size_t channels) { return channels == 3 ? 2 - channel : channel; }

}  // namespace

namespace {

Image convert_deep_channels(Image image, int channels) {
    const bool to_grey = image.channels == 3 && channels == 1, to_color = image.channels == 1 && channels == 3;
    if (!to_grey && !to_color) return image;
    Image out;
    out.reset_deep(image.width, image.height, channels);
    const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const float* from = image.values.data();
    float* to = out.values.data();
    for (std::size_t i = 0; i < count; ++i) {
        if (to_grey)
            to[i] = (19595.0f * from[3 * i] + 38470.0f * from[3 * i + 1] + 7471.0f * from[3 * i + 2]) / 65536.0f;
        else
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
    }
    return out;
}

}  // namespace

Image convert_channels(Image image, int channels) {
    if (image.is_deep()) return convert_deep_channels(std::move(image), channels);
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
    if (image.channels == 3) {
        split_rgb(from, count, out + 2 * count, out + count, out);
        return;
    }
    // Two images in one.
    const auto channels = static_cast<std::size_t>(image.channels), half = channels / 2;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            out[(c / half * half + plane_of(c % half, half)) * count + i] = from[i * channels + c];
}

void to_planar_bgr(const Image& image, float* out) {
    const auto channels = static_cast<std::size_t>(image.channels);
    const std::size_t count = image.values.size() / channels;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < channels; ++c)
            out[plane_of(c, channels) * count + i] = image.values[i * channels + c];
}

Image deep_from_planar_bgr(const float* planes, int width, int height, int channels) {
    Image image;
    image.reset_deep(width, height, channels);
    const auto n = static_cast<std::size_t>(channels);
    const std::size_t count = image.values.size() / n;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < n; ++c) image.values[i * n + c] = planes[plane_of(c, n) * count + i];
    return image;
}

Image stack_images(const Image& first, const Image& second) {
    DIGITS_CHECK(first.width == second.width && first.height == second.height && first.channels == second.channels);
    Image out;
    out.reset(first.width, first.height, 2 * first.channels);
    const auto channels = static_cast<std::size_t>(first.channels);
    const std::size_t count = first.pixels.size() / channels;
    for (std::size_t i = 0; i < count; ++i) {
        std::copy_n(first.pixels.data() + i * channels, channels, out.pixels.data() + 2 * i * channels);
        std::copy_n(second.pixels.data() + i * channels, channels, out.pixels.data() + (2 * i + 1) * channels);
    }
    return out;
}

std::pair<Image, Image> unstack_planes(const std::uint8_t* planes, int width, int height, int channels) {
    auto first = from_planar_bgr(planes, width, height, channels / 2);
    auto second = from_planar_bgr(planes + first.pixels.size(), width, height, channels / 2);
    return {std::move(first), std::move(second)};
}

Image beside(const Image& first, const Image& second) {
    DIGITS_CHECK(first.width == second.width && first.height == second.height && first.channels == second.channels);
    Image both;
    both.reset(2 * first.width, first.height, first.channels);
    for (int y = 0; y < first.height; ++y) {
        std::copy_n(first.row(y), first.row_bytes(), both.row(y));
        std::copy_n(second.row(y), second.row_bytes(), both.row(y) + first.row_bytes());
    }
    return both;
}

Image shown_image(const Image& image) {
    if (!image.is_deep()) return image;
    const auto channels = static_cast<std::size_t>(image.channels);
    const std::size_t shown = channels >= 3 ? 3 : 1;
    float lowest = 0, highest = 0;
    bool is_first = true;
    for (const float value : image.values) {
        if (!std::isfinite(value)) continue;
        lowest = is_first ? value : std::min(lowest, value);
        highest = is_first ? value : std::max(highest, value);
        is_first = false;
    }
    const float span = highest - lowest;
    Image out;
    out.reset(image.width, image.height, static_cast<int>(shown));
    const std::size_t count = image.values.size() / channels;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < shown; ++c) {
            const float value = image.values[i * channels + c];
            const float scaled = span > 0 && std::isfinite(value) ? (value - lowest) / span * 255.0f : 0.0f;
            out.pixels[i * shown + c] = static_cast<std::uint8_t>(std::clamp(std::round(scaled), 0.0f, 255.0f));
        }
    return out;
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
