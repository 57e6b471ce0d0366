#pragma once

#include "tasks/task.hpp"

namespace digits {

/// Any number of classes for an image: the target has a 1 for each of them, else 0. Networks have one output a class
/// and a SigmoidCrossEntropyLoss; they follow DIGITS's rules for networks that are not for classification.
class Multilabel final : public Task {
  public:
    std::string_view name() const override { return "multilabel"; }
    std::string_view view() const override { return "raw"; }
    TargetKind target() const override { return TargetKind::kTensor; }
    Metric metric() const override { return {"mAP", true}; }
    std::vector<std::string> measures() const override { return {"mAP", "f1"}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

/// The probability of each class by the first output: scores go through a sigmoid, unless a layer Sigmoid gave them.
/// Errors: kFailedPrecondition without an output, or as check_finite.
Result<std::vector<double>> label_probabilities(std::span<const OutputArray> outputs);

}  // namespace digits
