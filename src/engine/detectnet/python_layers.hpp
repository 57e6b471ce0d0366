#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/net/layer.hpp"

namespace digits {

/// The layers of caffe/built_in_python.hpp, without Python. nullptr: the Python layer is another one.
std::unique_ptr<Layer> create_detectnet_layer(const caffe::LayerParameter& parameter, const LayerContext& context);

std::unique_ptr<Layer> create_cluster_ground_truth(const caffe::LayerParameter& parameter, const LayerContext& context);
std::unique_ptr<Layer> create_cluster_detections(const caffe::LayerParameter& parameter, const LayerContext& context);
std::unique_ptr<Layer> create_score_detections(const caffe::LayerParameter& parameter, const LayerContext& context);
std::unique_ptr<Layer> create_mean_ap(const caffe::LayerParameter& parameter, const LayerContext& context);

/// A list of boxes has this many rows per image unless param_str says otherwise; unused ones are 0.
inline constexpr std::int64_t kMostBoxes = 50;
/// Left, top, right, bottom, and a fifth number.
inline constexpr std::int64_t kListColumns = 5;

/// The numbers of a param_str, "1248, 352, 16". Throws EngineError unless there are `least` to `names.size()`.
std::vector<double> numbers_of(const std::string& param_str, std::size_t least, const std::vector<std::string>& names);

}  // namespace digits
