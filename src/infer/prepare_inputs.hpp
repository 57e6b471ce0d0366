#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "infer/inference.hpp"

namespace digits {

/// An image that somebody sent.
struct InputBytes {
    std::string_view bytes;
    bool is_encoded = false;  ///< an image file; else floats, planes of Predictor::planes_shape()
};

/// Writes what the network gets of each image, `input_size()` floats each, on all of the network's threads. An image
/// that cannot be used says why in its status, and its floats stay as they are.
std::vector<Status> prepare_inputs(const Inference& inference, std::span<const InputBytes> images, float* inputs);

}  // namespace digits
