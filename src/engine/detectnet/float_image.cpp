#include "engine/detectnet/float_image.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <numbers>

namespace digits {
namespace {

struct Hsv {
    float hue, saturation, value;  // hue in degrees
};

Hsv to_hsv(float b, float g, float r) {
    const float most = std::max({b, g, r}), spread = most - std::min({b, g, r});
    const float scale = 60.0F / (spread + FLT_EPSILON);
    float hue = 0;
    if (most == r) {
        hue = (g - b) * scale;
    } else if (most == g) {
        hue = (b - r) * scale + 120;
    } else {
        hue = (r - g) * scale + 240;
    }
    return {hue < 0 ? hue + 360 : hue, spread / (std::abs(most) + FLT_EPSILON), most};
}

std::array<float, 3> to_bgr(const Hsv& colour) {
    const float v = colour.value, s = colour.saturation;
    const float turns = colour.hue / 60.0F, sector = std::floor(turns), part = turns - sector;
    const float p = v * (1 - s), q = v * (1 - s * part), t = v * (1 - s * (1 - part));
    switch ((static_cast<int>(sector) % 6 + 6) % 6) {
        case 0: return {p, t, v};
        case 1: return {p, v, q};
        case 2: return {t, v, p};
        case 3: return {v, q, p};
        case 4: return {v, p, t};
        default: return {q, p, v};
    }
}

/// The four samples, and their weights, that make one sample of a resized line.
struct Tap {
    std::array<int, 4> from;
    std::array<float, 4> weight;
};

std::vector<Tap> cubic_taps(int from, int to) {
    constexpr float a = -0.75F;
    std::vector<Tap> taps(static_cast<std::size_t>(to));
    const double step = static_cast<double>(from) / to;
    for (int i = 0; i < to; ++i) {
        const auto place = static_cast<float>((i + 0.5) * step - 0.5);
        const float first = std::floor(place), x = place - first;
        Tap& tap = taps[static_cast<std::size_t>(i)];
        tap.weight[0] = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
        tap.weight[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
        tap.weight[2] = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1;
        tap.weight[3] = 1 - tap.weight[0] - tap.weight[1] - tap.weight[2];
        for (int k = 0; k < 4; ++k)
            tap.from[static_cast<std::size_t>(k)] = std::clamp(static_cast<int>(first) + k - 1, 0, from - 1);
    }
    return taps;
}

template <class Sample>
float weighted(const Tap& tap, Sample&& sample) {
    float sum = 0;
    for (std::size_t k = 0; k < 4; ++k) sum += tap.weight[k] * sample(tap.from[k]);
    return sum;
}

}  // namespace

void change_colours(FloatImage& image, float degrees, float saturation) {
    const std::size_t size = image.plane_size();
    float *b = image.values.data(), *g = b + size, *r = g + size;
    for (std::size_t i = 0; i < size; ++i) {
        Hsv colour = to_hsv(b[i], g[i], r[i]);
        colour.hue += degrees;
        colour.saturation *= saturation;
        const auto changed = to_bgr(colour);
        b[i] = changed[0];
        g[i] = changed[1];
        r[i] = changed[2];
    }
}

void flip(FloatImage& image) {
    for (int row = 0; row < 3 * image.height; ++row) {
        const auto line = image.values.begin() + static_cast<std::ptrdiff_t>(row) * image.width;
        std::reverse(line, line + image.width);
    }
}

FloatImage resize_cubic(const FloatImage& image, int width, int height) {
    const auto across = cubic_taps(image.width, width), down = cubic_taps(image.height, height);
    FloatImage narrowed(width, image.height), result(width, height);
    for (int plane = 0; plane < 3; ++plane) {
        for (int y = 0; y < image.height; ++y)
            for (int x = 0; x < width; ++x)
                narrowed.at(plane, y, x) =
                    weighted(across[static_cast<std::size_t>(x)], [&](int from) { return image.at(plane, y, from); });
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                result.at(plane, y, x) =
                    weighted(down[static_cast<std::size_t>(y)], [&](int from) { return narrowed.at(plane, from, x); });
    }
    return result;
}

FloatImage cut_out(const FloatImage& image, int left, int top, int width, int height) {
    FloatImage result(width, height);
    const int first = std::max(0, -left), last = std::min(width, image.width - left);
    for (int plane = 0; plane < 3; ++plane)
        for (int y = std::max(0, -top); y < std::min(height, image.height - top); ++y)
            for (int x = first; x < last; ++x) result.at(plane, y, x) = image.at(plane, y + top, x + left);
    return result;
}

Rotation::Rotation(int width, int height, float degrees) : from_x_(width * 0.5), from_y_(height * 0.5) {
    const double angle = degrees * std::numbers::pi / 180;
    cosine_ = std::cos(angle);
    sine_ = std::sin(angle);
    const double half_width = (std::abs(cosine_) * width + std::abs(sine_) * height) / 2,
                 half_height = (std::abs(sine_) * width + std::abs(cosine_) * height) / 2;
    const double left = std::floor(from_x_ - half_width), top = std::floor(from_y_ - half_height);
    width_ = static_cast<int>(std::ceil(from_x_ + half_width) - left) + 1;
    height_ = static_cast<int>(std::ceil(from_y_ + half_height) - top) + 1;
    to_x_ = from_x_ - left;
    to_y_ = from_y_ - top;
}

void Rotation::move(float& x, float& y) const {
    const double dx = x - from_x_, dy = y - from_y_;
    x = static_cast<float>(cosine_ * dx - sine_ * dy + to_x_);
    y = static_cast<float>(sine_ * dx + cosine_ * dy + to_y_);
}

FloatImage Rotation::apply(const FloatImage& image) const {
    FloatImage result(width_, height_);
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            const double dx = x - to_x_, dy = y - to_y_;
            const double from_x = cosine_ * dx + sine_ * dy + from_x_, from_y = cosine_ * dy - sine_ * dx + from_y_;
            const int left = static_cast<int>(std::floor(from_x)), top = static_cast<int>(std::floor(from_y));
            if (left < 0 || top < 0 || left + 1 >= image.width || top + 1 >= image.height) continue;
            const auto right = static_cast<float>(from_x - left), below = static_cast<float>(from_y - top);
            for (int plane = 0; plane < 3; ++plane)
                result.at(plane, y, x) =
                    (1 - below) * ((1 - right) * image.at(plane, top, left) + right * image.at(plane, top, left + 1)) +
                    below * ((1 - right) * image.at(plane, top + 1, left) + right * image.at(plane, top + 1, left + 1));
        }
    }
    return result;
}

}  // namespace digits
