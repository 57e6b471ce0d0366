#include "tasks/regression/pair_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "base/csv.hpp"
#include "tasks/task.hpp"

namespace digits {

using nlohmann::json;

namespace {

struct Mean {
    double sum = 0;
    std::uint64_t count = 0;

    void add(double value) {
        sum += value;
        ++count;
    }
    json value() const { return count > 0 ? json(sum / static_cast<double>(count)) : json(); }
};

}  // namespace

Result<std::unique_ptr<Evaluator>> PairEvaluator::create(std::optional<double> margin,
                                                         const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_TRY(csv.add("index,pair,similar,distance\r\n"));
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder));
    return std::unique_ptr<Evaluator>(new PairEvaluator(margin, std::move(csv), std::move(table)));
}

Status PairEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    const auto half = outputs.size() / 2;
    if (half == 0) return fail(ErrorCode::kFailedPrecondition, "The network has no output.");
    const auto &first = outputs.front(), &second = outputs[half];
    for (const auto* one : {&first, &second}) DIGITS_TRY(check_finite(*one));
    double squared = 0;
    for (std::size_t i = 0; i < std::min(first.values.size(), second.values.size()); ++i) {
        const double gap = static_cast<double>(first.values[i]) - static_cast<double>(second.values[i]);
        squared += gap * gap;
    }
    const bool is_similar = class_of(sample.target) > 0;
    const double distance = std::sqrt(squared);
    seen_.push_back({sample.index, sample.name, {distance, is_similar}});
    return csv_.add(
        fmt::format("{},{},{},{:.6g}\r\n", sample.index, csv_field(sample.name), is_similar ? 1 : 0, distance));
}

Status PairEvaluator::list_images(double threshold) {
    for (const auto& [index, name, pair] : seen_) {
        const bool is_near = pair.distance < threshold;
        const auto wrong_by = pair.is_similar ? pair.distance - threshold : threshold - pair.distance;
        const ImageMark mark{pair.is_similar ? 1 : 0, is_near ? 1 : 0};
        DIGITS_TRY(table_.add({{"index", index},
                               {"image", name},
                               {"similar", pair.is_similar},
                               {"predicted_similar", is_near},
                               {"distance", pair.distance}},
                              wrong_by, std::span(&mark, 1)));
    }
    return table_.commit();
}

Result<EvaluationReport> PairEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    std::vector<Pair> pairs;
    for (const auto& one : seen_) pairs.push_back(one.pair);
    Mean similar, dissimilar, loss;
    for (const auto& [distance, is_similar] : pairs) {
        (is_similar ? similar : dissimilar).add(distance);
        if (!margin_) continue;
        const double short_of = std::max(*margin_ - distance, 0.0);
        loss.add((is_similar ? distance * distance : short_of * short_of) / 2);
    }
    // Below the threshold pairs count as similar. It is between two distances, never between equal ones.
    std::ranges::sort(pairs, {}, &Pair::distance);
    auto right = static_cast<std::int64_t>(dissimilar.count), most_right = right;
    double threshold = pairs.empty() ? 0 : pairs.front().distance;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        right += pairs[i].is_similar ? 1 : -1;
        const bool is_last = i + 1 == pairs.size();
        if (!is_last && pairs[i + 1].distance == pairs[i].distance) continue;
        if (right <= most_right) continue;
        most_right = right;
        const double next = is_last ? pairs[i].distance : pairs[i + 1].distance;
        threshold = is_last ? std::nextafter(next, HUGE_VAL) : (pairs[i].distance + next) / 2;
    }
    DIGITS_TRY(list_images(threshold));
    EvaluationReport report;
    const auto count = static_cast<double>(pairs.size());
    report.view = "pairs";
    report.members = {{"labelled", pairs.size()},
                      {"similar_pairs", similar.count},
                      {"similar_distance", similar.value()},
                      {"dissimilar_pairs", dissimilar.count},
                      {"dissimilar_distance", dissimilar.value()},
                      {"threshold", threshold},
                      {"accuracy", pairs.empty() ? json() : json(static_cast<double>(most_right) / count)}};
    if (margin_) report.members["loss"] = loss.value();
    report.brief = {"labelled", "accuracy", "threshold"};
    if (!pairs.empty()) report.metrics = {{"accuracy", report.members["accuracy"]}};
    return report;
}

}  // namespace digits
