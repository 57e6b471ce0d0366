#include "tasks/multilabel/label_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "base/csv.hpp"
#include "tasks/multilabel/multilabel.hpp"

namespace digits {

using nlohmann::json;

namespace {

constexpr double kThreshold = 0.5;

}  // namespace

Result<std::unique_ptr<Evaluator>> LabelEvaluator::create(std::vector<std::string> names,
                                                          const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder));
    return std::unique_ptr<Evaluator>(new LabelEvaluator(std::move(names), std::move(csv), std::move(table)));
}

std::string LabelEvaluator::name_of(std::size_t label) const {
    return label < names_.size() ? names_[label] : std::to_string(label);
}

Status LabelEvaluator::begin(std::size_t labels) {
    counts_.resize(labels);
    scores_.resize(labels);
    std::string head = "index,image,labels";
    for (std::size_t i = 0; i < labels; ++i) head += "," + csv_field(name_of(i));
    return csv_.add(head + "\r\n");
}

Status LabelEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(const auto probabilities, label_probabilities(outputs));
    if (counts_.empty()) DIGITS_TRY(begin(probabilities.size()));
    const auto wanted = numbers_of(sample.target);
    if (!wanted.empty() && wanted.size() != probabilities.size())
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The output {} has {} values, the dataset has {} labels.", outputs.front().name,
                               probabilities.size(), wanted.size())
                        .advise("Give the last layer as many outputs as the dataset has labels"));
    std::string labels;
    bool exact = true;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const bool is_right = wanted[i] >= kThreshold, is_said = probabilities[i] >= kThreshold;
        auto& counts = counts_[i];
        counts.hits += is_right && is_said;
        counts.false_alarms += !is_right && is_said;
        counts.misses += is_right && !is_said;
        exact = exact && is_right == is_said;
        scores_[i].push_back({static_cast<float>(probabilities[i]), is_right});
        if (is_right) labels += (labels.empty() ? "" : "|") + name_of(i);
    }
    if (!wanted.empty()) {
        ++labelled_;
        exact_ += exact;
    }
    auto line = fmt::format("{},{},{}", sample.index, csv_field(sample.name), csv_field(labels));
    for (const double value : probabilities) line += fmt::format(",{:.6g}", value);
    DIGITS_TRY(list_image(sample, probabilities, wanted));
    return csv_.add(line + "\r\n");
}

Status LabelEvaluator::list_image(const EvaluatedSample& sample, std::span<const double> probabilities,
                                  std::span<const float> wanted) {
    json row{{"index", sample.index},
             {"image", sample.name},
             {"probabilities", probabilities},
             {"labels", nullptr},
             {"wrong", nullptr}};
    const auto none = static_cast<int>(probabilities.size());
    std::vector<ImageMark> marks;
    int wrong = 0;
    double gap = 0;
    auto labels = json::array();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto label = static_cast<int>(i);
        const bool is_right = wanted[i] >= kThreshold, is_said = probabilities[i] >= kThreshold;
        if (is_right) labels.push_back(label);
        if (is_right || is_said) marks.push_back({is_right ? label : none, is_said ? label : none});
        wrong += is_right != is_said;
        gap += std::fabs(probabilities[i] - wanted[i]);
    }
    // Of images with as many wrong labels the one that is farthest from its labels is worse.
    double worst = -1;
    if (!wanted.empty()) {
        row["labels"] = std::move(labels);
        row["wrong"] = wrong;
        worst = wrong + gap / (static_cast<double>(wanted.size()) + 1);
    }
    return table_.add(row, worst, marks);
}

std::optional<double> LabelEvaluator::average_precision(std::vector<Scored> scored) {
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
    return right == 0 ? std::nullopt : std::optional(sum / static_cast<double>(right));
}

Result<EvaluationReport> LabelEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    Counts all;
    auto each = json::array();
    double precision = 0, recall = 0, f1 = 0, map = 0;
    std::uint64_t ranked = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        const auto& counts = counts_[i];
        const auto scores = counts.scores();
        const auto ap = average_precision(std::move(scores_[i]));
        each.push_back({{"name", name_of(i)},
                        {"support", counts.hits + counts.misses},
                        {"precision", scores.precision},
                        {"recall", scores.recall},
                        {"f1", scores.f1},
                        {"ap", ap ? json(*ap) : json()}});
        precision += scores.precision;
        recall += scores.recall;
        f1 += scores.f1;
        map += ap.value_or(0);
        ranked += ap.has_value();
        all.hits += counts.hits;
        all.false_alarms += counts.false_alarms;
        all.misses += counts.misses;
    }
    EvaluationReport report;
    report.view = "labels";
    auto& members = report.members;
    members["labelled"] = labelled_;
    members["labels_of_images"] = std::move(each);
    for (const char* name : {"map", "macro_f1", "micro_f1", "macro_precision", "macro_recall", "exact"})
        members[name] = nullptr;
    report.brief = {"labelled", "map", "macro_f1", "micro_f1", "exact"};
    if (labelled_ == 0) return report;
    const auto n = static_cast<double>(counts_.size());
    members["macro_precision"] = precision / n;
    members["macro_recall"] = recall / n;
    members["macro_f1"] = f1 / n;
    members["micro_f1"] = all.scores().f1;
    members["exact"] = static_cast<double>(exact_) / static_cast<double>(labelled_);
    report.metrics = {{"f1", f1 / n}, {"exact", members["exact"]}};
    if (ranked > 0) {
        members["map"] = map / static_cast<double>(ranked);
        report.metrics.emplace_back("mAP", members["map"]);
    }
    return report;
}

}  // namespace digits
