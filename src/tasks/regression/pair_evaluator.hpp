#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/reports/image_table.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// How well distances tell similar pairs of images from others: the Euclidean distance between the first outputs for
/// the two images of each pair, its means, and the threshold with the best accuracy. `predictions.csv` has the distance
/// of each pair; the table of images (data/reports/image_table.hpp) those farthest on the wrong side of the threshold
/// first. Its classes are 0 (dissimilar) and 1 (similar).
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
    struct Seen {
        std::uint64_t index = 0;
        std::string name;
        Pair pair;
    };

    PairEvaluator(std::optional<double> margin, TextFile csv, ImageTableWriter table)
        : margin_(margin), csv_(std::move(csv)), table_(std::move(table)) {}
    Status list_images(double threshold);

    std::optional<double> margin_;
    TextFile csv_;
    ImageTableWriter table_;
    std::vector<Seen> seen_;
};

}  // namespace digits
