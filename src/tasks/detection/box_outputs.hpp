#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "metrics/average_precision.hpp"
#include "tasks/task.hpp"

namespace digits {

/// The objects that a network found in an image, by falling score, in pixels of `image`.
struct FoundBoxes {
    std::vector<DetectedObject> boxes;  ///< labels of the dataset; `image` is 0
    double default_threshold = 0.25;    ///< scores below are left out of answers
};

/// Of outputs in any form: rows of class, score and edges (DetectionDecode); of image, label, score and normalised
/// edges (DetectionOutput of SSD, whose label 0 is the background); DetectNet's lists of edges and confidence, one
/// output for each class. Boxes are clipped to the image; those without an area go. Errors: kFailedPrecondition, naming
/// the outputs, when none has such a form; that of check_finite().
Result<FoundBoxes> find_boxes(std::span<const OutputArray> outputs, const TargetFacts& facts, const AskedImage& image);

}  // namespace digits
