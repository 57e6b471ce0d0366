#pragma once

#include "tasks/task.hpp"

namespace digits {

/// An image for an image. The rules are DIGITS's for networks that are not for classification.
class Processing final : public Task {
  public:
    std::string_view name() const override { return "processing"; }
    std::string_view view() const override { return "image"; }
    TargetKind target() const override { return TargetKind::kImage; }
    Metric metric() const override { return {"psnr", true}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    /// `image` (a PNG as a data URL), `width`, `height`.
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

}  // namespace digits
