#pragma once

#include <cstdint>
#include <utility>

#include "image/image.hpp"

namespace digits {

/// Two 8-bit images of one size as one of twice the channels, those of the first in front: a record of a siamese
/// network. to_planar_bgr() brings each of the two to Caffe's order.
Image stack_images(const Image& first, const Image& second);

/// The two images of such a record: planes of `channels` in all, 2 or 6, in Caffe's order.
std::pair<Image, Image> unstack_planes(const std::uint8_t* planes, int width, int height, int channels);

/// Two 8-bit images of one size and as many channels, the second to the right of the first.
Image beside(const Image& first, const Image& second);

}  // namespace digits
