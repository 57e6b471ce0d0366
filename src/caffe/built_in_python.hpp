#pragma once

#include <optional>

#include "caffe.pb.h"

namespace digits {

/// Layers that NVIDIA's Caffe brings as Python code for DetectNet, and that Digits runs itself.
enum class BuiltInPythonLayer { kClusterGroundTruth, kClusterDetections, kScoreDetections, kMeanAp };

std::optional<BuiltInPythonLayer> find_built_in(const caffe::PythonParameter& parameter);

/// Whether the layer runs code that came with the network.
bool runs_users_code(const caffe::LayerParameter& layer);

}  // namespace digits
