#include "engine/detectnet/python_layers.hpp"

#include <fmt/ranges.h>

#include <charconv>

#include "caffe/built_in_python.hpp"

namespace digits {

std::unique_ptr<Layer> create_detectnet_layer(const caffe::LayerParameter& parameter, const LayerContext& context) {
    const auto built_in = find_built_in(parameter.python_param());
    if (!built_in) return nullptr;
    switch (*built_in) {
        case BuiltInPythonLayer::kClusterGroundTruth: return create_cluster_ground_truth(parameter, context);
        case BuiltInPythonLayer::kClusterDetections: return create_cluster_detections(parameter, context);
        case BuiltInPythonLayer::kScoreDetections: return create_score_detections(parameter, context);
        case BuiltInPythonLayer::kMeanAp: return create_mean_ap(parameter, context);
    }
    return nullptr;
}

std::vector<double> numbers_of(const std::string& param_str, std::size_t least, const std::vector<std::string>& names) {
    std::vector<double> numbers;
    const auto wrong = [&] {
        throw_invalid("param_str needs {} to {} numbers ({}); got \"{}\"", least, names.size(), fmt::join(names, ", "),
                      param_str);
    };
    for (const char *at = param_str.data(), *end = at + param_str.size(); at != end;) {
        while (at != end && *at == ' ') ++at;
        double number = 0;
        const auto [rest, error] = std::from_chars(at, end, number);
        if (error != std::errc()) wrong();
        numbers.push_back(number);
        at = rest;
        while (at != end && *at == ' ') ++at;
        if (at == end) break;
        if (*at++ != ',' || at == end) wrong();
    }
    if (numbers.size() < least || numbers.size() > names.size()) wrong();
    return numbers;
}

}  // namespace digits
