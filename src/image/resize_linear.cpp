#include "image/resize_linear.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace digits {
namespace {

constexpr int kWeightOne = 2048;

/// For each output place: the first of two source places, and their weights.
struct Tap {
    int first = 0;
    int second = 0;
    int weights[2] = {kWeightOne, 0};
};

std::vector<Tap> taps(int source, int target) {
    const double scale = static_cast<double>(source) / target;
    std::vector<Tap> result(static_cast<std::size_t>(target));
    for (int i = 0; i < target; ++i) {
        auto at = static_cast<float>((i + 0.5) * scale - 0.5);
        int first = static_cast<int>(std::floor(at));
        at -= static_cast<float>(first);
        if (first < 0 || first >= source - 1) {
            first = std::clamp(first, 0, source - 1);
            at = 0;
        }
        Tap& tap = result[static_cast<std::size_t>(i)];
        tap.first = first;
        tap.second = std::min(first + 1, source - 1);
        tap.weights[0] = static_cast<int>(std::nearbyint((1.0F - at) * kWeightOne));
        tap.weights[1] = static_cast<int>(std::nearbyint(at * kWeightOne));
    }
    return result;
}

Image halve(const Image& image) {
    Image out;
    out.reset(image.width / 2, image.height / 2, image.channels);
    for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x)
            for (int c = 0; c < out.channels; ++c) {
                const std::uint8_t* above = image.row(2 * y) + 2 * x * image.channels + c;
                const std::uint8_t* below = image.row(2 * y + 1) + 2 * x * image.channels + c;
                out.row(y)[x * out.channels + c] = static_cast<std::uint8_t>(
                    (above[0] + above[image.channels] + below[0] + below[image.channels] + 2) >> 2);
            }
    return out;
}

}  // namespace

Image resize_linear(const Image& image, int width, int height) {
    if (width == image.width && height == image.height) return image;
    if (image.width == 2 * width && image.height == 2 * height) return halve(image);
    const auto columns = taps(image.width, width), rows = taps(image.height, height);
    Image out;
    out.reset(width, height, image.channels);
    const std::size_t length = out.row_bytes();
    std::vector<int> first(length), second(length);
    const auto stretch = [&](int y, std::vector<int>& to) {
        const std::uint8_t* from = image.row(y);
        std::size_t i = 0;
        for (const Tap& tap : columns)
            for (int c = 0; c < image.channels; ++c)
                to[i++] = from[tap.first * image.channels + c] * tap.weights[0] +
                          from[tap.second * image.channels + c] * tap.weights[1];
    };
    for (int y = 0; y < height; ++y) {
        const Tap& tap = rows[static_cast<std::size_t>(y)];
        stretch(tap.first, first);
        stretch(tap.second, second);
        std::uint8_t* to = out.row(y);
        for (std::size_t i = 0; i < length; ++i)
            to[i] = static_cast<std::uint8_t>(
                (((tap.weights[0] * (first[i] >> 4)) >> 16) + ((tap.weights[1] * (second[i] >> 4)) >> 16) + 2) >> 2);
    }
    return out;
}

}  // namespace digits
