#include "tasks/multilabel/label_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "base/csv.hpp"
#include "tasks/multilabel/multilabel.hpp"

namespace digits {

using nlohmann::json;

namespace {

bool is_given(double probability) { return probability >= LabelMetrics::kThreshold; }

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
    metrics_.emplace(labels);
    std::string head = "index,image,labels";
    for (std::size_t i = 0; i < labels; ++i) head += "," + csv_field(name_of(i));
    return csv_.add(head + "\r\n");
}

Status LabelEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(const auto probabilities, label_probabilities(outputs));
    if (!metrics_) DIGITS_TRY(begin(probabilities.size()));
    const auto wanted = numbers_of(sample.target);
    if (!wanted.empty() && wanted.size() != probabilities.size())
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The output {} has {} values, the dataset has {} labels.", outputs.front().name,
                               probabilities.size(), wanted.size())
                        .advise("Give the last layer as many outputs as the dataset has labels"));
    std::string labels;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (is_given(wanted[i])) labels += (labels.empty() ? "" : "|") + name_of(i);
    if (!wanted.empty()) metrics_->add(probabilities, wanted);
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
        const bool is_right = is_given(wanted[i]), is_said = is_given(probabilities[i]);
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

Result<EvaluationReport> LabelEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    if (!metrics_) metrics_.emplace(names_.size());
    const auto precisions = metrics_->average_precisions();
    auto each = json::array();
    for (std::size_t i = 0; i < precisions.size(); ++i) {
        const auto& counts = metrics_->counts()[i];
        const auto scores = counts.scores();
        each.push_back({{"name", name_of(i)},
                        {"support", counts.hits + counts.misses},
                        {"precision", scores.precision},
                        {"recall", scores.recall},
                        {"f1", scores.f1},
                        {"ap", precisions[i] ? json(*precisions[i]) : json()}});
    }
    EvaluationReport report;
    report.view = "labels";
    auto& members = report.members;
    members["labelled"] = metrics_->images();
    members["labels_of_images"] = std::move(each);
    for (const char* name : {"map", "macro_f1", "micro_f1", "macro_precision", "macro_recall", "exact"})
        members[name] = nullptr;
    report.brief = {"labelled", "map", "macro_f1", "micro_f1", "exact"};
    if (metrics_->images() == 0) return report;
    const auto macro = metrics_->macro();
    members["macro_precision"] = macro.precision;
    members["macro_recall"] = macro.recall;
    members["macro_f1"] = macro.f1;
    members["micro_f1"] = metrics_->total().scores().f1;
    members["exact"] = static_cast<double>(metrics_->exact()) / static_cast<double>(metrics_->images());
    report.metrics = {{"f1", macro.f1}, {"exact", members["exact"]}};
    if (const auto map = LabelMetrics::mean(precisions)) {
        members["map"] = *map;
        report.metrics.emplace_back("mAP", *map);
    }
    return report;
}

}  // namespace digits
