#pragma once

#include "tasks/task.hpp"

namespace digits {

/// A class for each pixel. The rules are DIGITS's for networks that are not for classification.
class Segmentation final : public Task {
  public:
    std::string_view name() const override { return "segmentation"; }
    std::string_view view() const override { return "mask"; }
    TargetKind target() const override { return TargetKind::kMask; }
    Metric metric() const override { return {"miou", true}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override;
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override;
    /// `width`, `height`, `mask` (a PNG with the numbers of the classes and their colors as a data URL, as large as the
    /// image asked about; 255 where the network saw nothing), `classes` (`class`, `label`, `pixels`, `share`, `color`;
    /// those that occur).
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                  const AnswerOptions& options) const override;
    AnswerRows answer_rows() const override { return {"classes", {"label", "class", "pixels", "share"}}; }
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts& facts,
                                                      const std::filesystem::path& folder) const override;
};

}  // namespace digits
