#include "tasks/multilabel/multilabel.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tasks/multilabel/label_evaluator.hpp"

namespace digits {

Result<std::vector<double>> label_probabilities(std::span<const OutputArray> outputs) {
    if (outputs.empty()) return fail(ErrorCode::kFailedPrecondition, "The network has no output.");
    const auto& output = outputs.front();
    DIGITS_TRY(check_finite(output));
    std::vector<double> probabilities(output.values.begin(), output.values.end());
    if (output.type == "Sigmoid") return probabilities;
    for (auto& value : probabilities) value = 1 / (1 + std::exp(-value));
    return probabilities;
}

std::optional<Metric> Multilabel::judge(std::span<const std::string> series) const {
    if (std::ranges::find(series, metric().name) != series.end()) return metric();
    return judge_by_loss(series);
}

Result<TrainingFiles> Multilabel::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                const TrainingChoices& choices) const {
    return make_generic_training_files(network, data, choices);
}

Result<nlohmann::json> Multilabel::answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                          const AnswerOptions& options) const {
    DIGITS_ASSIGN(const auto probabilities, label_probabilities(outputs));
    std::vector<std::size_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return probabilities[i]; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(std::max(options.top, 0))));
    auto predictions = nlohmann::json::array();
    for (const auto i : order)
        predictions.push_back({{"label", i < facts.names.size() ? facts.names[i] : std::to_string(i)},
                               {"index", i},
                               {"probability", probabilities[i]}});
    return nlohmann::json{{"view", "classes"}, {"predictions", std::move(predictions)}};
}

Result<std::unique_ptr<Evaluator>> Multilabel::make_evaluator(const TargetFacts& facts,
                                                              const std::filesystem::path& folder) const {
    return LabelEvaluator::create(facts.names, folder);
}

}  // namespace digits
