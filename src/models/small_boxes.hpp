#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// That many boxes are smaller than what a network can match. `sides`: SplitFacts::box_sides of the training set.
/// None where few are, where the network is not for boxes, or nothing is known of their sizes.
std::optional<Error> small_boxes_warning(const caffe::NetParameter& net, std::span<const std::uint64_t> sides);

}  // namespace digits
