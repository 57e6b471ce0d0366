#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"
#include "data/records/datum.hpp"
#include "data/sample.hpp"

namespace digits {

/// Numbers of an object in DetectNet's label array (docs/formats/specs.md).
inline constexpr int kBoxColumns = 16;

/// How a dataset stores its targets.
struct TargetLayout {
    int max_boxes = 0;                                ///< rows of the label array beside its first
    RecordEncoding encoding = RecordEncoding::kNone;  ///< of masks and images
};

/// A target as numbers of a shape: boxes as the label array 1 x (max_boxes + 1) x 16, a mask as 1 x height x width, an
/// image as planes in B, G, R order, a tensor as it is.
struct TargetArray {
    std::vector<int> shape;
    std::vector<float> values;
};
/// Errors: kInvalidArgument for more boxes than `max_boxes` or a target without an array.
Result<TargetArray> target_array(const Target& target, const TargetLayout& layout);

/// The bytes of the Datum that the database of targets holds: boxes and tensors as float_data, masks and images as
/// bytes or as a file; a mask with classes above 255 as float_data. Errors: as target_array.
Result<std::string> pack_target(const Target& target, const TargetLayout& layout);

/// Boxes of a label array, `values` being its rows. What is behind its count is not looked at.
Boxes boxes_of_array(std::span<const float> values);
/// The same of a record. Errors: kDataLoss.
Result<Boxes> unpack_boxes(const DatumView& datum);

/// Links the decoders of images. The target of a record. `kind` is DatasetFacts::target; a class is the datum's label.
/// Errors: kDataLoss for a datum that does not fit.
Result<Target> unpack_target(const DatumView& datum, TargetKind kind);

}  // namespace digits
