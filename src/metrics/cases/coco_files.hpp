#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "metrics/average_precision.hpp"

namespace digits {

/// A file of annotations and one of results, as they are compared.
struct CocoSet {
    DetectionSet objects;
    std::vector<std::int64_t> category_ids;  ///< ascending; their places are the labels
    bool with_masks = false;
};

/// As pycocotools reads them: detections of categories that the annotations lack are left out; the area of a detection
/// with a box is the box's. `masks`: whether masks are compared; not given: when the detections have no boxes. May
/// throw json::exception. Errors: kInvalidArgument for a detection of an unknown image, and for masks.
Result<CocoSet> read_coco_set(const nlohmann::json& annotations, const nlohmann::json& detections,
                              std::optional<bool> masks);

/// A `segmentation`: polygons, a list of counts or compressed text. `height` and `width` where it names none.
Result<RunLengths> read_coco_mask(const nlohmann::json& segmentation, std::uint32_t height, std::uint32_t width);

}  // namespace digits
