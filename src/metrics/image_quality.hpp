#pragma once

#include <cstddef>
#include <span>

namespace digits {

/// Planes of values side by side: channels x height x width.
struct PlaneShape {
    std::size_t channels = 1, height = 0, width = 0;
    std::size_t size() const { return channels * height * width; }
};

double mean_squared_error(std::span<const float> a, std::span<const float> b);

/// Peak signal-to-noise ratio in decibels, 10 log10(peak² / MSE); infinite for equal images.
double psnr(std::span<const float> a, std::span<const float> b, double peak = 255);

/// Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004): the mean over all positions of an 11 x 11 Gaussian
/// window with sigma 1.5 inside the image, K1 = 0.01, K2 = 0.03, and over the channels. The window of an
/// image with a side below 11 is the largest odd one that fits.
double ssim(std::span<const float> a, std::span<const float> b, const PlaneShape& shape, double peak = 255);

}  // namespace digits
