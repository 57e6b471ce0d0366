#pragma once

#include <memory>

#include "data/reports/image_table.hpp"
#include "metrics/average_precision.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// What the probabilities of labels are worth: precision, recall and F1 of each label at 0.5 and their means, average
/// precision of each (the mean of the precisions at its images, ranked by probability; of equal ones the wrong ones
/// first) and its mean, and how many images have exactly their labels. `predictions.csv` has all probabilities. The
/// table of images (data/reports/image_table.hpp) lists those with the most wrong labels first; of a label that an
/// image does not have, and of one that the network did not give it, the number behind the last stands in marks.
class LabelEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(std::vector<std::string> names,
                                                     const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    struct Counts {
        std::uint64_t hits = 0, false_alarms = 0, misses = 0;
        PrecisionRecall scores() const { return precision_recall(hits, false_alarms, hits + misses); }
    };
    struct Scored {
        float probability;
        bool is_right;
    };

    LabelEvaluator(std::vector<std::string> names, TextFile csv, ImageTableWriter table)
        : names_(std::move(names)), csv_(std::move(csv)), table_(std::move(table)) {}
    Status begin(std::size_t labels);
    std::string name_of(std::size_t label) const;
    /// None for a label that no image has.
    static std::optional<double> average_precision(std::vector<Scored> scored);
    /// `wanted` is empty where the labels are not known.
    Status list_image(const EvaluatedSample& sample, std::span<const double> probabilities,
                      std::span<const float> wanted);

    std::vector<std::string> names_;
    TextFile csv_;
    ImageTableWriter table_;
    std::vector<Counts> counts_;               ///< by label
    std::vector<std::vector<Scored>> scores_;  ///< by label
    std::uint64_t labelled_ = 0, exact_ = 0;
};

}  // namespace digits
