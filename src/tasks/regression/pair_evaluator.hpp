#pragma once

#include <optional>
#include <vector>

#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// How well distances tell similar pairs of images from others: the Euclidean distance between the first outputs for
/// the two images of each pair, its means, and the threshold with the best accuracy. `predictions.csv` has the distance
/// of each pair.
class PairEvaluator final : public Evaluator {
  public:
    /// `margin`: of the contrastive loss; none: there is no loss in the report.
    static Result<std::unique_ptr<Evaluator>> create(std::optional<double> margin, const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    struct Pair {
        double distance = 0;
        bool is_similar = false;
    };

    PairEvaluator(std::optional<double> margin, TextFile csv) : margin_(margin), csv_(std::move(csv)) {}

    std::optional<double> margin_;
    TextFile csv_;
    std::vector<Pair> pairs_;
};

}  // namespace digits
