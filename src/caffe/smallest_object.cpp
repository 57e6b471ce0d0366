#include "caffe/smallest_object.hpp"

#include <algorithm>

namespace digits {
namespace {

constexpr double kUsualStride = 8;

template <class Parameter>
double finest(const Parameter& parameter) {
    const auto& strides = parameter.stride();
    return strides.empty() ? kUsualStride : static_cast<double>(*std::ranges::min_element(strides));
}

/// A side whose coverage is as long as a cell.
std::optional<double> covered_cell(const caffe::DetectNetGroundTruthParameter& parameter) {
    if (!(parameter.scale_cvg() > 0)) return std::nullopt;
    const double stride = parameter.stride(), shrunk = stride / static_cast<double>(parameter.scale_cvg());
    const bool has_least = parameter.gridbox_type() == caffe::DetectNetGroundTruthParameter::GRIDBOX_MIN &&
                           parameter.min_cvg_len() >= parameter.stride();
    return std::max(stride, has_least ? stride : shrunk);
}

}  // namespace

std::optional<double> smallest_object(const caffe::LayerParameter& layer) {
    const auto& type = layer.type();
    if (type == "DetectionLoss") return finest(layer.detection_loss_param());
    if (type == "DetectionDecode") return finest(layer.detection_decode_param());
    if (type == "DetectNetTransformation") return covered_cell(layer.detectnet_groundtruth_param());
    const auto& sizes = layer.prior_box_param().min_size();
    if (type == "PriorBox" && !sizes.empty()) return static_cast<double>(*std::ranges::min_element(sizes));
    return std::nullopt;
}

std::optional<SmallestObject> smallest_object(const caffe::NetParameter& net) {
    std::optional<SmallestObject> smallest;
    for (const auto& layer : net.layer())
        if (const auto side = smallest_object(layer); side && (!smallest || *side < smallest->side_px))
            smallest = SmallestObject{*side, layer.name()};
    return smallest;
}

}  // namespace digits
