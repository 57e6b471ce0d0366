#include "metrics/class_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace digits {
namespace {

using nlohmann::json;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

struct Rates {
    double precision = 0, recall = 0, f1 = 0;

    void add(const Rates& other, double weight = 1) {
        precision += weight * other.precision;
        recall += weight * other.recall;
        f1 += weight * other.f1;
    }
    /// Null when nothing was added.
    json over(double weight) const {
        const auto value = [&](double sum) { return weight > 0 ? json(sum / weight) : json(); };
        return {{"precision", value(precision)}, {"recall", value(recall)}, {"f1", value(f1)}};
    }
};

}  // namespace

Status ClassMetrics::add(int label, std::span<const double> scores) {
    if (scores.size() != size_)
        return fail(ErrorCode::kInvalidArgument, "A sample has {} scores; it must have one for each of {} classes.",
                    scores.size(), size_);
    if (label < 0 || static_cast<std::size_t>(label) >= size_)
        return fail(ErrorCode::kInvalidArgument, "A sample has the class {}; it must be 0 to {}.", label, size_ - 1);
    const auto truth = static_cast<std::size_t>(label);
    const double own = scores[truth];
    std::size_t better = 0, equal_before = 0, equal = 0;
    for (std::size_t i = 0; i < size_; ++i) {
        better += scores[i] > own;
        equal += i != truth && scores[i] == own;
        equal_before += i < truth && scores[i] == own;
    }
    for (auto [counts, top] : {std::pair(&top1_, std::size_t{1}), std::pair(&top5_, std::size_t{5})}) {
        counts->first += better + equal_before < top;
        counts->against += better + equal < top;
        counts->most_favourable += better < top;
    }
    const auto best = std::ranges::max_element(scores);
    double sum = 0;
    for (const double score : scores) sum += std::exp(score - *best);
    entropy_ += std::log(sum) + *best - own;
    predicted_.push_back(static_cast<int>(best - scores.begin()));
    ++counts_[truth * size_ + static_cast<std::size_t>(predicted_.back())];
    return {};
}

json ClassMetrics::to_json() const {
    const auto total = static_cast<double>(samples());
    const auto rate = [&](double part) { return total > 0 ? json(part / total) : json(); };
    json rows = json::array(), per_class = json::array();
    Rates all, seen, in_truth, weighted;
    double seen_count = 0, truth_count = 0, right_count = 0;
    for (std::size_t c = 0; c < size_; ++c) {
        json row = json::array();
        double support = 0, predicted = 0;
        for (std::size_t other = 0; other < size_; ++other) {
            row.push_back(at(c, other));
            support += static_cast<double>(at(c, other));
            predicted += static_cast<double>(at(other, c));
        }
        rows.push_back(std::move(row));
        const auto right = static_cast<double>(at(c, c));
        right_count += right;
        const Rates rates{ratio(right, predicted), ratio(right, support), ratio(2 * right, support + predicted)};
        per_class.push_back({{"precision", rates.precision},
                             {"recall", rates.recall},
                             {"f1", rates.f1},
                             {"support", static_cast<std::uint64_t>(support)},
                             {"predicted", static_cast<std::uint64_t>(predicted)}});
        all.add(rates);
        weighted.add(rates, support);
        if (support + predicted > 0) {
            seen.add(rates);
            ++seen_count;
        }
        if (support > 0) {
            in_truth.add(rates);
            ++truth_count;
        }
    }
    return {{"samples", samples()},
            {"top1", rate(static_cast<double>(top1_.first))},
            {"top5", rate(static_cast<double>(top5_.first))},
            {"top1_ties_against", rate(static_cast<double>(top1_.against))},
            {"top5_ties_against", rate(static_cast<double>(top5_.against))},
            {"top1_ties_for", rate(static_cast<double>(top1_.most_favourable))},
            {"top5_ties_for", rate(static_cast<double>(top5_.most_favourable))},
            {"predicted", predicted_},
            {"confusion_rows_truth", std::move(rows)},
            {"per_class", std::move(per_class)},
            {"macro_all_classes", all.over(static_cast<double>(size_))},
            {"macro_present_in_truth_or_prediction", seen.over(seen_count)},
            {"macro_present_in_truth", in_truth.over(truth_count)},
            {"weighted", weighted.over(total)},
            {"micro", {{"precision", rate(right_count)}, {"recall", rate(right_count)}, {"f1", rate(right_count)}}},
            {"cross_entropy_softmax_of_scores", rate(entropy_)}};
}

}  // namespace digits
