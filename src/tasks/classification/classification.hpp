#pragma once

#include "tasks/task.hpp"

namespace digits {

/// One class an image. The rules are DIGITS's for image classification.
class Classification final : public Task {
  public:
    std::string_view name() const override { return "classification"; }
    std::string_view view() const override { return "classes"; }
    TargetKind target() const override { return TargetKind::kClass; }
    Metric metric() const override { return {"accuracy", true}; }
    std::vector<std::string> measures() const override { return {"f1"}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    AnswerRows answer_rows() const override { return {"predictions", {"label", "index", "probability"}}; }
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

}  // namespace digits
