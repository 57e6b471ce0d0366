#pragma once

#include "base/json_binding.hpp"
#include "caffe/augmentation.hpp"

namespace digits {

template <>
struct JsonBinding<Augmentation> {
    static constexpr const char* kSchema = "Augmentation";
    static constexpr const char* kHelp =
        "Random changes of the training images, new in each epoch; the defaults change nothing";
    static Fields fields() {
        using A = Augmentation;
        return {json_field("flip", &A::flip)
                    .help("Each image is flipped with probability 0.5")
                    .key("augment.flip")
                    .cli("")
                    .digits("aug_flip"),
                json_field("turns", &A::turns)
                    .label("90\u00b0 rotations")
                    .help("quarter: 0, 90 or 270 degrees; half: 0 or 180; all: any of the four; only half works with "
                          "images that are not square")
                    .key("augment.turns")
                    .cli("")
                    .digits("aug_quad_rot"),
                json_field("rotation", &A::rotation)
                    .help("Maximum angle, \u00b1 degrees")
                    .unit("\u00b0")
                    .key("augment.rotation")
                    .cli("")
                    .digits("aug_rot")
                    .range(0, 180),
                json_field("scale", &A::scale)
                    .help("Standard deviation of the size; 0.07 is usual")
                    .key("augment.scale")
                    .cli("")
                    .digits("aug_scale")
                    .range(0, 1),
                json_field("noise", &A::noise)
                    .help("Standard deviation, relative to the range of a pixel value; 0.03 is usual")
                    .key("augment.noise")
                    .cli("")
                    .digits("aug_noise")
                    .range(0, 1),
                json_field("contrast", &A::contrast)
                    .help("Factor between 1 / (1 + c) and 1 + c; 0.8 is usual")
                    .key("augment.contrast")
                    .cli("")
                    .digits("aug_contrast")
                    .range(0, 5),
                json_field("hue", &A::hue)
                    .help("Standard deviation, relative to the full circle; 0.02 is usual; color images only")
                    .key("augment.hue")
                    .cli("")
                    .digits("aug_hsv_h")
                    .range(0, 0.5),
                json_field("saturation", &A::saturation)
                    .help("Standard deviation; 0.04 is usual; color images only")
                    .key("augment.saturation")
                    .cli("")
                    .digits("aug_hsv_s")
                    .range(0, 0.5),
                json_field("value", &A::value)
                    .label("Brightness")
                    .help("Standard deviation; 0.06 is usual")
                    .key("augment.value")
                    .cli("")
                    .digits("aug_hsv_v")
                    .range(0, 0.5),
                json_field("erasing", &A::erasing)
                    .label("Random erasing")
                    .help("Probability that a rectangle of 2 to 33 % of the image is erased; 0.25 is usual")
                    .key("augment.erasing")
                    .cli("")
                    .range(0, 1),
                json_field("mosaic", &A::mosaic)
                    .help("Probability that an image is combined from parts of four images; 0.5 is usual for boxes")
                    .key("augment.mosaic")
                    .cli("")
                    .range(0, 1)};
    }
};

}  // namespace digits
