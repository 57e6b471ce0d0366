#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// What the scores of classes are worth, sample by sample.
class ClassMetrics {
  public:
    explicit ClassMetrics(int classes) : size_(static_cast<std::size_t>(classes)), counts_(size_ * size_) {}

    /// `scores`: one a class, any finite numbers. Errors: kInvalidArgument for another number of scores, or a label
    /// that is not a class.
    Status add(int label, std::span<const double> scores);

    std::uint64_t samples() const { return predicted_.size(); }
    /// The class with the highest score, of equal ones the lowest, by sample.
    const std::vector<int>& predicted() const { return predicted_; }
    std::uint64_t at(std::size_t truth, std::size_t predicted) const { return counts_[truth * size_ + predicted]; }

    /// `samples`, `top1`, `top5` (of equal scores the lower class first; `_ties_against` and `_ties_for`: the true
    /// class last or first), `predicted`, `confusion_rows_truth`, `per_class` (precision, recall and F1, 0 where
    /// nothing is divided by nothing), their means `macro_…`, `weighted` by support and `micro`,
    /// `cross_entropy_softmax_of_scores` (natural logarithm). Null without samples.
    nlohmann::json to_json() const;

  private:
    struct TopCounts {
        std::uint64_t first = 0, against = 0, most_favourable = 0;
    };

    std::size_t size_;
    std::vector<std::uint64_t> counts_;
    std::vector<int> predicted_;
    TopCounts top1_, top5_;
    double entropy_ = 0;
};

}  // namespace digits
