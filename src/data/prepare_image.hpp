#pragma once

#include <cstdint>

#include "data/dataset_spec.hpp"
#include "image/image.hpp"

namespace digits {

/// An image as it goes into the database. As DIGITS, colors are converted first.
inline Image prepare_image(Image image, const ImageSpec& spec, std::uint64_t noise_seed) {
    return fit_image(convert_channels(std::move(image), spec.channels), spec.width, spec.height, spec.resize,
                     noise_seed);
}

}  // namespace digits
