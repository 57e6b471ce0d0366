#pragma once

#include <memory>
#include <optional>

#include "data/reports/image_table.hpp"
#include "metrics/label_metrics.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// What the probabilities of labels are worth (LabelMetrics): precision, recall, F1 and average precision of each label
/// and their means, and how many images have exactly their labels. `predictions.csv` has all probabilities. The table
/// of images (data/reports/image_table.hpp) lists those with the most wrong labels first; its marks have the
/// number of labels in place of a label where an image does not have a label, or where the network did not predict it.
class LabelEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(std::vector<std::string> names,
                                                     const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    LabelEvaluator(std::vector<std::string> names, TextFile csv, ImageTableWriter table)
        : names_(std::move(names)), csv_(std::move(csv)), table_(std::move(table)) {}
    Status begin(std::size_t labels);
    std::string name_of(std::size_t label) const;
    /// `wanted` is empty where the labels are not known.
    Status list_image(const EvaluatedSample& sample, std::span<const double> probabilities,
                      std::span<const float> wanted);

    std::vector<std::string> names_;
    TextFile csv_;
    ImageTableWriter table_;
    std::optional<LabelMetrics> metrics_;  ///< of the images whose labels are known; from the first image on
};

}  // namespace digits
