#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/average_precision.hpp"

namespace digits {

/// What the probabilities of labels are worth, where an image has any number of them.
class LabelMetrics {
  public:
    /// A label belongs to an image, or is given to it, from here on.
    static constexpr double kThreshold = 0.5;

    struct Counts {
        std::uint64_t hits = 0, false_alarms = 0, misses = 0;
        PrecisionRecall scores() const { return precision_recall(hits, false_alarms, hits + misses); }
    };

    explicit LabelMetrics(std::size_t labels) : counts_(labels), scored_(labels) {}

    /// One image: the probability of each label, and 1 for those that it has, 0 for the others.
    void add(std::span<const double> probabilities, std::span<const float> wanted);

    const std::vector<Counts>& counts() const { return counts_; }  ///< by label
    std::uint64_t images() const { return images_; }
    std::uint64_t exact() const { return exact_; }  ///< images that were given just their labels

    /// By label: the mean of the precisions at its images, ranked by probability, of equal ones the wrong ones first.
    /// None for a label that no image has.
    std::vector<std::optional<double>> average_precisions() const;
    /// Of all labels together.
    Counts total() const;
    /// Means over the labels.
    PrecisionRecall macro() const;
    /// The mean over the labels that an image has; none without such.
    static std::optional<double> mean(std::span<const std::optional<double>> average_precisions);

  private:
    struct Scored {
        float probability;
        bool is_right;
    };

    std::vector<Counts> counts_;
    std::vector<std::vector<Scored>> scored_;
    std::uint64_t images_ = 0, exact_ = 0;
};

}  // namespace digits
