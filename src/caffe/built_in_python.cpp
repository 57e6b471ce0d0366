#include "caffe/built_in_python.hpp"

#include <string_view>

namespace digits {

std::optional<BuiltInPythonLayer> find_built_in(const caffe::PythonParameter& parameter) {
    constexpr struct {
        std::string_view module, layer;
        BuiltInPythonLayer built_in;
    } kLayers[] = {{"caffe.layers.detectnet.clustering", "ClusterGroundtruth", BuiltInPythonLayer::kClusterGroundTruth},
                   {"caffe.layers.detectnet.clustering", "ClusterDetections", BuiltInPythonLayer::kClusterDetections},
                   {"caffe.layers.detectnet.mean_ap", "ScoreDetections", BuiltInPythonLayer::kScoreDetections},
                   {"caffe.layers.detectnet.mean_ap", "mAP", BuiltInPythonLayer::kMeanAp}};
    for (const auto& one : kLayers)
        if (parameter.module() == one.module && parameter.layer() == one.layer) return one.built_in;
    return std::nullopt;
}

bool runs_users_code(const caffe::LayerParameter& layer) {
    return layer.type() == "Python" && !find_built_in(layer.python_param());
}

}  // namespace digits
