#pragma once

#include <span>

#include "base/result.hpp"
#include "image/image.hpp"
#include "tasks/asked_image.hpp"
#include "tasks/output.hpp"

namespace digits {

/// The image of an output of 1 or 3 x height x width (planes B, G, R; the last such one): values rounded and limited to
/// 0 … 255. Without one, of an output with as many numbers as such an image of the network's input size has, in that
/// order, as autoencoders of products have; those of a Sigmoid are 0 to 1. Errors: kFailedPrecondition, naming the
/// outputs; that of check_finite().
Result<Image> find_image(std::span<const OutputArray> outputs, const AskedImage& asked);

}  // namespace digits
