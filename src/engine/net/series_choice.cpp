#include "engine/net/series_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace digits {
namespace {

bool is_series(const Net& net, const std::string& output) {
    const Blob& blob = *net.find_blob(output);
    if (blob.count() == 1) return true;
    if (net.find_maker(output).first->parameter().type() == "Accuracy") return blob.count() <= kMostClassAccuracies;
    const bool row_a_sample = blob.axis_count() > 0 && blob.dim(0) == net.batch_size();
    return blob.count() <= kMostSeriesValues && !row_a_sample;
}

}  // namespace

std::string series_name(const std::string& output, std::int64_t element) {
    return element == 0 ? output : fmt::format("{}[{}]", output, element);
}

SeriesChoice choose_series(const Net& net) {
    SeriesChoice choice;
    for (const auto& output : net.outputs()) {
        if (is_series(net, output)) {
            choice.recorded.push_back(output);
            continue;
        }
        choice.warnings.push_back(
            fmt::format("[{}] no layer reads its output \"{}\": the {} values of each batch are computed and not "
                        "recorded. Let a layer read them, or keep the layer for the deployed network with include {{ "
                        "stage: \"deploy\" }}. (Outputs of up to {} values become curves, and up to {} accuracies of "
                        "classes.)",
                        net.find_maker(output).first->name(), output, net.find_blob(output)->count(), kMostSeriesValues,
                        kMostClassAccuracies));
    }
    return choice;
}

std::vector<std::string> series_names(const Net& net) {
    std::vector<std::string> names;
    for (const auto& output : choose_series(net).recorded)
        for (std::int64_t i = 0; i < net.find_blob(output)->count(); ++i) names.push_back(series_name(output, i));
    return names;
}

std::map<std::string, MeasuresSet*, std::less<>> find_measures(const Net& net) {
    std::map<std::string, MeasuresSet*, std::less<>> found;
    for (const auto& layer : net.layers())
        if (auto* measuring = dynamic_cast<MeasuresSet*>(layer.get()))
            for (const auto name : measuring->measures())
                if (std::ranges::find(net.outputs(), name) == net.outputs().end()) found[std::string(name)] = measuring;
    return found;
}

}  // namespace digits
