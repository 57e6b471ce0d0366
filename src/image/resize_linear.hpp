#pragma once

#include "image/image.hpp"

namespace digits {

/// OpenCV's resize with INTER_LINEAR for 8-bit samples, as Caffe's own readers use it: the four nearest samples,
/// weighted in fixed point with 11 bits; halving both sides averages four samples. Pillow's resize averages more.
Image resize_linear(const Image& image, int width, int height);

}  // namespace digits
