#pragma once

#include <optional>

#include "data/reports/prediction_table.hpp"
#include "tasks/classification/score_sheet.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// Accuracy, confusion matrix and scores of each class; writes `predictions.csv` and the tables behind the pages
/// (prediction_table.hpp).
class ClassEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(std::vector<std::string> labels,
                                                     const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample& sample) override;
    Result<EvaluationReport> finish() override;

  private:
    ClassEvaluator(std::vector<std::string> labels, std::filesystem::path folder, TextFile csv, PredictionWriter table)
        : labels_(std::move(labels)),
          folder_(std::move(folder)),
          csv_(std::move(csv)),
          table_(std::move(table)),
          sheet_(labels_) {}

    const std::vector<std::string> labels_;
    const std::filesystem::path folder_;
    TextFile csv_;
    PredictionWriter table_;
    ScoreSheet sheet_;
    TopImages top_;
};

}  // namespace digits
