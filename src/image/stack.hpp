#pragma once

#include "image/image.hpp"

namespace digits {

/// Two 8-bit images of one size as one of twice the channels, those of the first in front: a record of a siamese
/// network. to_planar_bgr() brings each of the two to Caffe's order.
Image stack_images(const Image& first, const Image& second);

}  // namespace digits
