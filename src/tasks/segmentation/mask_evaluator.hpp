#pragma once

#include <memory>

#include "data/reports/image_table.hpp"
#include "metrics/pixel_confusion.hpp"
#include "tasks/task.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// Numbers of one confusion of pixels over all images (docs/metrics.md), in all and by class; each image with its own
/// in the table of images (data/reports/image_table.hpp), the lowest mean IoU first. `predictions.csv` has a line an
/// image.
class MaskEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(const TargetFacts& facts, const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    MaskEvaluator(TargetFacts facts, TextFile csv, ImageTableWriter table)
        : facts_(std::move(facts)),
          csv_(std::move(csv)),
          table_(std::move(table)),
          confusion_(static_cast<int>(facts_.labels.size()), facts_.ignore_label) {}

    Status add_labelled(const EvaluatedSample& sample, const Mask& truth, std::span<const int> predicted);

    const TargetFacts facts_;
    TextFile csv_;
    ImageTableWriter table_;
    PixelConfusion confusion_;
    std::uint64_t labelled_ = 0;
};

}  // namespace digits
