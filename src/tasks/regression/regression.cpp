#include "tasks/regression/regression.hpp"

#include <nlohmann/json.hpp>

#include "tasks/regression/error_evaluator.hpp"
#include "tasks/regression/pair_evaluator.hpp"

namespace digits {

std::optional<Metric> Regression::judge(std::span<const std::string> series) const { return judge_by_loss(series); }

Result<TrainingFiles> Regression::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                const TrainingChoices& choices) const {
    return make_generic_training_files(network, data, choices);
}

Result<nlohmann::json> Regression::answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                          const AnswerOptions&) const {
    for (const auto& output : outputs) DIGITS_TRY(check_finite(output));
    auto answer = raw_answer(outputs);
    answer["names"] = facts.names;
    return answer;
}

Result<std::unique_ptr<Evaluator>> Regression::make_evaluator(const TargetFacts& facts,
                                                              const std::filesystem::path& folder) const {
    if (facts.images_per_sample == 2) return PairEvaluator::create(facts.contrastive_margin, folder);
    return ErrorEvaluator::create(facts.names, folder);
}

}  // namespace digits
