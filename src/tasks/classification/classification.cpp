#include "tasks/classification/classification.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tasks/classification/class_evaluator.hpp"
#include "tasks/classification/class_scores.hpp"

namespace digits {
namespace {

bool is_top1(const std::string& name) {
    const bool accuracy = name.find("accuracy") != std::string::npos && name.find("top") == std::string::npos;
    return accuracy || name.find("top-1") != std::string::npos || name.find("top1") != std::string::npos;
}

bool is_accuracy(const std::string& name) { return name.find("accuracy") != std::string::npos; }

}  // namespace

/// The accuracy of the main output first, under the names that DIGITS's networks give it; then any accuracy; then loss.
std::optional<Metric> Classification::judge(std::span<const std::string> series) const {
    for (const auto* name : {"accuracy", "accuracy-top1", "top-1"})
        if (std::ranges::find(series, name) != series.end()) return Metric{name, true};
    for (const auto is_wanted : {is_top1, is_accuracy})
        if (const auto found = std::ranges::find_if(series, is_wanted); found != series.end())
            return Metric{*found, true};
    return judge_by_loss(series);
}

Result<TrainingFiles> Classification::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                    const TrainingChoices& choices) const {
    return make_training_files(network, data, choices);
}

Result<nlohmann::json> Classification::answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                              const AnswerOptions& options) const {
    DIGITS_ASSIGN(const auto scores, class_scores(outputs, facts.labels.size()));
    auto predictions = nlohmann::json::array();
    for (const int index : best_classes(scores, static_cast<std::size_t>(std::max(options.top, 1))))
        predictions.push_back({{"label", class_name(facts.labels, index)},
                               {"index", index},
                               {"probability", scores[static_cast<std::size_t>(index)]}});
    return nlohmann::json{{"view", view()}, {"predictions", std::move(predictions)}};
}

Result<std::unique_ptr<Evaluator>> Classification::make_evaluator(const TargetFacts& facts,
                                                                  const std::filesystem::path& folder) const {
    return ClassEvaluator::create(facts.labels, folder);
}

}  // namespace digits
