#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/reports/image_table.hpp"
#include "metrics/average_precision.hpp"
#include "metrics/detection_outcome.hpp"
#include "tasks/task.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// COCO's numbers (docs/metrics.md), in all and by class; curves over recall and score; the confusion of classes and
/// background at the score threshold with the best F1; what became of each box in the table of images
/// (data/reports/image_table.hpp). `predictions.csv` has a line a box. All detections stay in memory until the end.
class BoxEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(const TargetFacts& facts, const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    struct SeenImage {
        std::uint64_t index;
        std::string name;
        int width, height;
        bool labelled;
        std::size_t first_truth, first_detection;
    };

    BoxEvaluator(TargetFacts facts, std::filesystem::path folder, TextFile csv)
        : facts_(std::move(facts)), folder_(std::move(folder)), csv_(std::move(csv)) {}

    void add_truth(const Boxes& boxes, int image);
    int background() const { return static_cast<int>(facts_.labels.size()); }
    /// What became of the boxes of all images with scores of at least `threshold`.
    Status write_outcomes(double threshold, DetectionConfusion& confusion) const;
    nlohmann::json outcome_row(const SeenImage& image, std::span<const TruthObject> truths,
                               std::span<const DetectedObject> detections, const ImageOutcome& outcome,
                               std::vector<ImageMark>& marks, double& worst) const;

    const TargetFacts facts_;
    const std::filesystem::path folder_;
    TextFile csv_;
    std::vector<SeenImage> images_;
    std::vector<TruthObject> truths_;  ///< of all images, one after the other, as are:
    std::vector<DetectedObject> detections_;
    std::uint64_t labelled_ = 0;
};

}  // namespace digits
