#pragma once

#include "tasks/task.hpp"

namespace digits {

/// Numbers for an image. The rules are DIGITS's for networks that are not for classification.
class Regression final : public Task {
  public:
    std::string_view name() const override { return "regression"; }
    std::string_view view() const override { return "raw"; }
    TargetKind target() const override { return TargetKind::kTensor; }
    Metric metric() const override { return {"loss", false}; }
    std::vector<std::string> measures() const override { return {"error"}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

}  // namespace digits
