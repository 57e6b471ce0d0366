#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "caffe/digits_rules.hpp"
#include "models/adapt.hpp"

namespace digits {

/// The text of an SSD network (Wei Liu's Caffe: AnnotatedData, MultiBoxLoss, DetectionOutput, DetectionEvaluate) that
/// trains on a dataset of boxes: two Data layers for each of its own, the classes of the dataset beside the background,
/// detections and their metrics in validation. `net` is the text's. Other texts stay as they are.
std::string adapt_ssd(std::string_view text, const caffe::NetParameter& net, const TrainingData& dataset,
                      std::vector<NetworkChange>& changes);

}  // namespace digits
