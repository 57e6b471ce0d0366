#pragma once

#include "tasks/task.hpp"

namespace digits {

/// Objects of an image with their boxes and classes. The rules are DIGITS's for networks that are not for
/// classification.
class Detection final : public Task {
  public:
    std::string_view name() const override { return "detection"; }
    std::string_view view() const override { return "boxes"; }
    TargetKind target() const override { return TargetKind::kBoxes; }
    int size_step() const override { return 32; }
    Metric metric() const override { return {"mAP", true}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    /// `width` and `height` of the image that the boxes refer to, `boxes` (`class`, `label`, `score`, `left`, `top`,
    /// `right`, `bottom`), best first.
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    AnswerRows answer_rows() const override {
        return {"boxes", {"label", "class", "score", "left", "top", "right", "bottom"}};
    }
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

}  // namespace digits
