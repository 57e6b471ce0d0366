#pragma once

#include <tuple>

#include "base/json_binding.hpp"
#include "caffe/augmentation.hpp"

namespace digits {

template <>
struct JsonBinding<Augmentation> {
    static auto fields() {
        return std::tuple{
            json_field("flip", &Augmentation::flip).help("mirrored half of the time: left-right, up-down or both"),
            json_field("turns", &Augmentation::turns)
                .help("quarter: 0, 90 or 270 degrees; half: 0 or 180; all: any of the four; square pictures only, but "
                      "for half"),
            json_field("rotation", &Augmentation::rotation).help("degrees at most, either way").range(0, 180),
            json_field("scale", &Augmentation::scale).help("standard deviation of the size; 0.07 is usual").range(0, 1),
            json_field("noise", &Augmentation::noise)
                .help("standard deviation, of the range of a sample; 0.03 is usual")
                .range(0, 1),
            json_field("contrast", &Augmentation::contrast)
                .help("factor between 1 / (1 + c) and 1 + c; 0.8 is usual")
                .range(0, 5),
            json_field("hue", &Augmentation::hue).help("standard deviation, of the whole circle").range(0, 0.5),
            json_field("saturation", &Augmentation::saturation).help("standard deviation").range(0, 0.5),
            json_field("value", &Augmentation::value).help("standard deviation of the brightness").range(0, 0.5),
        };
    }
};

}  // namespace digits
