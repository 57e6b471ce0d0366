#include "engine/solver/series.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

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

std::vector<ValidationValue> series_values(const Net& net, const std::vector<std::string>& outputs, Joining joining,
                                           bool complete) {
    std::vector<ValidationValue> values;
    for (const auto& output : outputs) {
        const at::Tensor data = net.find_blob(output)->data().to(at::kCPU, at::kFloat).contiguous();
        const auto [layer, top] = net.find_maker(output);
        auto rule = layer->join_rule(top);
        if (joining == Joining::kByBatch && !rule.of_set) rule = JoinRule();
        for (std::int64_t i = 0; i < data.numel(); ++i) {
            ValidationValue value;
            value.name = i == 0 ? output : fmt::format("{}[{}]", output, i);
            value.value = data.data_ptr<float>()[i];
            if (static_cast<std::int64_t>(rule.counts.size()) == data.numel())
                value.count = rule.counts[static_cast<std::size_t>(i)];
            value.adds_up = rule.adds_up;
            if (rule.of_set) {
                value.value = complete ? value.value : 0;
                value.count = complete ? 1 : 0;
            }
            values.push_back(std::move(value));
        }
    }
    return values;
}

}  // namespace digits
