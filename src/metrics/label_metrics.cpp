#include "metrics/label_metrics.hpp"

#include <algorithm>

namespace digits {

void LabelMetrics::add(std::span<const double> probabilities, std::span<const float> wanted) {
    bool exact = true;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        const bool is_right = wanted[i] >= kThreshold, is_said = probabilities[i] >= kThreshold;
        auto& counts = counts_[i];
        counts.hits += is_right && is_said;
        counts.false_alarms += !is_right && is_said;
        counts.misses += is_right && !is_said;
        exact = exact && is_right == is_said;
        scored_[i].push_back({static_cast<float>(probabilities[i]), is_right});
    }
    ++images_;
    exact_ += exact;
}

std::vector<std::optional<double>> LabelMetrics::average_precisions() const {
    std::vector<std::optional<double>> averages;
    for (auto scored : scored_) {
        std::ranges::sort(scored, [](const Scored& a, const Scored& b) {
            return a.probability != b.probability ? a.probability > b.probability : a.is_right < b.is_right;
        });
        std::uint64_t right = 0;
        double sum = 0;
        for (std::size_t i = 0; i < scored.size(); ++i) {
            if (!scored[i].is_right) continue;
            ++right;
            sum += static_cast<double>(right) / static_cast<double>(i + 1);
        }
        averages.push_back(right == 0 ? std::nullopt : std::optional(sum / static_cast<double>(right)));
    }
    return averages;
}

LabelMetrics::Counts LabelMetrics::total() const {
    Counts all;
    for (const auto& counts : counts_) {
        all.hits += counts.hits;
        all.false_alarms += counts.false_alarms;
        all.misses += counts.misses;
    }
    return all;
}

PrecisionRecall LabelMetrics::macro() const {
    PrecisionRecall sum;
    const auto n = static_cast<double>(counts_.size());
    for (const auto& counts : counts_) {
        const auto scores = counts.scores();
        sum.precision += scores.precision / n;
        sum.recall += scores.recall / n;
        sum.f1 += scores.f1 / n;
    }
    return sum;
}

std::optional<double> LabelMetrics::mean(std::span<const std::optional<double>> average_precisions) {
    double sum = 0;
    int ranked = 0;
    for (const auto& one : average_precisions) {
        sum += one.value_or(0);
        ranked += one.has_value();
    }
    return ranked == 0 ? std::nullopt : std::optional(sum / ranked);
}

}  // namespace digits
