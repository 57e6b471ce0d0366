#pragma once

#include <cstddef>

#include "image/resize.hpp"

namespace digits {

/// The image that a network was asked about, and where its pixels are in the network's input.
struct AskedImage {
    int width = 0, height = 0;              ///< upright; 0: not known, the network's input is meant
    int input_width = 0, input_height = 0;  ///< of the network
    ImagePlacement placement;               ///< input = image * scale + offset

    /// The image itself where no other is known.
    AskedImage or_input() const {
        return width > 0 ? *this : AskedImage{input_width, input_height, input_width, input_height, {}};
    }
};

}  // namespace digits
