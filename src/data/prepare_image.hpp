#pragma once

#include <cstdint>
#include <optional>

#include "data/dataset_spec.hpp"
#include "data/sample.hpp"
#include "image/image.hpp"
#include "image/resize.hpp"

namespace digits {

/// An image as it goes into the database, and as a network that was trained with it gets it. As DIGITS, colors are
/// converted first.
inline Image prepare_image(Image image, const ImageSpec& spec, std::uint64_t noise_seed) {
    return fit_image(convert_channels(std::move(image), spec.channel_count()), spec.width, spec.height, spec.resize,
                     noise_seed);
}

struct PreparedSample {
    Image image;
    Target target;  ///< in pixels of `image`
};

/// The image of a sample (of two, both in one: stack_images) and its target: boxes and masks are placed as the image
/// is. What is padded of a mask has the class `ignore_label`, or 0. Errors: kInvalidArgument for a mask of another size
/// than its image.
Result<PreparedSample> prepare_sample(Sample sample, const ImageSpec& spec, std::uint64_t noise_seed,
                                      std::optional<int> ignore_label);

}  // namespace digits
