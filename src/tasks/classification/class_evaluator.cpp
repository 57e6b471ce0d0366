#include "tasks/classification/class_evaluator.hpp"

#include <algorithm>

#include "base/csv.hpp"
#include "tasks/classification/class_scores.hpp"

namespace digits {

Result<std::unique_ptr<Evaluator>> ClassEvaluator::create(std::vector<std::string> labels,
                                                          const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    std::string head = "index,image,truth";
    for (std::size_t i = 1; i <= PredictionRow::kTop; ++i) head += fmt::format(",label{0},probability{0}", i);
    DIGITS_TRY(csv.add(head + "\r\n"));
    DIGITS_ASSIGN(auto table, PredictionWriter::create(folder));
    return std::unique_ptr<Evaluator>(new ClassEvaluator(std::move(labels), folder, std::move(csv), std::move(table)));
}

Status ClassEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(const auto scores, class_scores(outputs, labels_.size()));
    const auto best = best_classes(scores, PredictionRow::kTop);
    PredictionRow row;
    row.index = sample.index;
    row.name = sample.name;
    row.truth = class_of(sample.target);
    std::string line = fmt::format("{},{},{}", row.index, csv_field(row.name),
                                   row.truth < 0 ? std::string() : csv_field(class_name(labels_, row.truth)));
    for (std::size_t i = 0; i < PredictionRow::kTop; ++i) {
        if (i >= best.size()) {
            line += ",,";
            continue;
        }
        row.classes[i] = best[i];
        row.probabilities[i] = scores[static_cast<std::size_t>(best[i])];
        line += fmt::format(",{},{:.6g}", csv_field(class_name(labels_, best[i])), row.probabilities[i]);
    }
    const auto truth = static_cast<std::size_t>(row.truth);
    if (row.truth >= 0 && truth < scores.size()) row.truth_probability = scores[truth];
    sheet_.add(row);
    top_.add(row.index, scores.data(), scores.size());
    DIGITS_TRY(csv_.add(line + "\r\n"));
    return table_.add(row);
}

Status ClassEvaluator::add_unreadable(const EvaluatedSample& sample) {
    PredictionRow row;
    row.index = sample.index;
    row.name = sample.name;
    row.truth = class_of(sample.target);
    return table_.add(row);
}

Result<EvaluationReport> ClassEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    DIGITS_TRY(top_.write(folder_));
    EvaluationReport report;
    report.members = sheet_.to_json();
    report.members["labels"] = labels_;
    report.brief = {"labelled", "top1", "top5", "macro"};
    if (report.members["top1"].is_number()) {
        report.metrics = {{"accuracy", report.members["top1"]}, {"f1", report.members["macro"]["f1"]}};
        // Of five classes or fewer every answer is among the first five.
        if (labels_.size() > 5) report.metrics.emplace_back("top-5", report.members["top5"]);
    }
    return report;
}

}  // namespace digits
