#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace digits {

/// 8-bit picture: rows of interleaved samples, L for 1 channel, R G B for 3; without padding.
struct Image {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::vector<std::uint8_t> pixels;

    std::size_t row_bytes() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
    std::uint8_t* row(int y) { return pixels.data() + row_bytes() * static_cast<std::size_t>(y); }
    const std::uint8_t* row(int y) const { return pixels.data() + row_bytes() * static_cast<std::size_t>(y); }
    /// Sets the size; the samples are then unspecified.
    void reset(int new_width, int new_height, int new_channels) {
        width = new_width;
        height = new_height;
        channels = new_channels;
        pixels.resize(row_bytes() * static_cast<std::size_t>(height));
    }
    bool operator==(const Image&) const = default;
};

/// To 1 or 3 channels, as Pillow's convert("L") and convert("RGB"): L = (19595 R + 38470 G + 7471 B + 32768) / 65536.
Image convert_channels(Image image, int channels);

/// Interleaved R G B (or L) to Caffe's order: planes B, G, R (or L). `out` has room for all samples.
void to_planar_bgr(const Image& image, std::uint8_t* out);
/// The other way; `channels` is 1 or 3.
Image from_planar_bgr(const std::uint8_t* planes, int width, int height, int channels);

}  // namespace digits
