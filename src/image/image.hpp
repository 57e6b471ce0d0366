#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace digits {

/// Rows of interleaved samples, L for 1 channel, R G B for 3; without padding. Samples have 8 bits, in `pixels`; an
/// image that keeps the depth of its file has them in `values` instead, and any number of channels.
struct Image {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::vector<std::uint8_t> pixels;
    std::vector<float> values{};

    bool is_deep() const { return !values.empty(); }
    std::size_t row_bytes() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
    std::uint8_t* row(int y) { return pixels.data() + row_bytes() * static_cast<std::size_t>(y); }
    const std::uint8_t* row(int y) const { return pixels.data() + row_bytes() * static_cast<std::size_t>(y); }
    const float* deep_row(int y) const { return values.data() + row_bytes() * static_cast<std::size_t>(y); }
    float* deep_row(int y) { return values.data() + row_bytes() * static_cast<std::size_t>(y); }
    /// Sets the size, of 8 bits; the samples are then unspecified.
    void reset(int new_width, int new_height, int new_channels) {
        width = new_width;
        height = new_height;
        channels = new_channels;
        pixels.resize(row_bytes() * static_cast<std::size_t>(height));
        values.clear();
    }
    /// The same of one that keeps its depth.
    void reset_deep(int new_width, int new_height, int new_channels) {
        width = new_width;
        height = new_height;
        channels = new_channels;
        pixels.clear();
        values.resize(row_bytes() * static_cast<std::size_t>(height));
    }
    bool operator==(const Image&) const = default;
};

/// To 1 or 3 channels; a deep image of another number stays as it is. As Pillow's convert("L") and convert("RGB"): L =
/// (19595 R + 38470 G + 7471 B + 32768) / 65536.
Image convert_channels(Image image, int channels);

/// Interleaved R G B (or L) to Caffe's order: planes B, G, R (or L). `out` has room for all samples.
void to_planar_bgr(const Image& image, std::uint8_t* out);
/// The same of a deep image; channels that are not colors keep their order.
void to_planar_bgr(const Image& image, float* out);
/// The other way; `channels` is 1 or 3.
Image from_planar_bgr(const std::uint8_t* planes, int width, int height, int channels);
/// A deep image of any number of channels.
Image deep_from_planar_bgr(const float* planes, int width, int height, int channels);

/// An image as it can be shown: 8 bits, 1 or 3 channels. The lowest and the highest value of a deep image become black
/// and white; of more than 3 channels the first three are shown, of two the first.
Image shown_image(const Image& image);

}  // namespace digits
