#include "caffe/detectnet_rules.hpp"

#include <fmt/format.h>

#include "caffe/built_in_python.hpp"

namespace digits {
namespace {

constexpr const char* kTransformation = "DetectNetTransformation";

bool clusters(const caffe::LayerParameter& layer) {
    if (layer.type() != "Python") return false;
    const auto built_in = find_built_in(layer.python_param());
    return built_in == BuiltInPythonLayer::kClusterDetections || built_in == BuiltInPythonLayer::kClusterGroundTruth;
}

/// "1248, 384, 16, 0.6" for another width and height. A text of fewer numbers stays as it is: its layer refuses it.
std::string with_size(const std::string& text, int width, int height) {
    const auto first = text.find(',');
    const auto second = first == std::string::npos ? first : text.find(',', first + 1);
    if (second == std::string::npos) return text;
    return fmt::format("{}, {}{}", width, height, text.substr(second));
}

}  // namespace

std::optional<std::string> find_own_mean(const caffe::NetParameter& net) {
    for (const auto& layer : net.layer())
        if (const auto& transform = layer.transform_param();
            layer.type() == kTransformation && (transform.mean_value_size() > 0 || transform.has_mean_file()))
            return layer.name();
    return std::nullopt;
}

std::string fit_detectnet(caffe::NetParameter& net, int width, int height) {
    std::string before;
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() != kTransformation) continue;
        auto& size = *layer.mutable_detectnet_groundtruth_param();
        if (static_cast<int>(size.image_size_x()) == width && static_cast<int>(size.image_size_y()) == height) continue;
        before = fmt::format("{} x {}", size.image_size_x(), size.image_size_y());
        size.set_image_size_x(static_cast<std::uint32_t>(width));
        size.set_image_size_y(static_cast<std::uint32_t>(height));
    }
    if (before.empty()) return {};
    for (auto& layer : *net.mutable_layer()) {
        if (!clusters(layer)) continue;
        auto& text = *layer.mutable_python_param()->mutable_param_str();
        text = with_size(text, width, height);
    }
    return fmt::format("The network is for images of {}; it is fitted to those of the dataset, {} x {}", before, width,
                       height);
}

}  // namespace digits
