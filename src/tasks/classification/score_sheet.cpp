#include "tasks/classification/score_sheet.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace digits {
namespace {

using nlohmann::json;

json ratio(double part, double whole) { return whole > 0 ? json(part / whole) : json(); }

}  // namespace

void ScoreSheet::add(const PredictionRow& row) {
    if (row.truth < 0 || !row.readable()) return;
    ++labelled_;
    ++cells_[{row.truth, row.classes[0]}];
    if (row.classes[0] == row.truth) ++top1_;
    if (std::ranges::find(row.classes, row.truth) != row.classes.end()) ++top5_;
}

json ScoreSheet::to_json() const {
    struct Count {
        std::uint64_t support = 0, predicted = 0, right = 0;
    };
    std::map<int, Count> counts;
    for (std::size_t i = 0; i < labels_.size(); ++i) counts[static_cast<int>(i)];
    json cells = json::array();
    for (const auto& [cell, count] : cells_) {
        const auto& [truth, predicted] = cell;
        cells.push_back({truth, predicted, count});
        counts[truth].support += count;
        counts[predicted].predicted += count;
        if (truth == predicted) counts[truth].right += count;
    }
    json classes = json::array();
    double precision = 0, recall = 0, f1 = 0, present = 0;
    for (const auto& [index, count] : counts) {
        const auto right = static_cast<double>(count.right), support = static_cast<double>(count.support),
                   predicted = static_cast<double>(count.predicted);
        const auto at = static_cast<std::size_t>(index);
        json view{{"label", at < labels_.size() ? labels_[at] : std::to_string(index)},
                  {"index", index},
                  {"support", count.support},
                  {"predicted", count.predicted},
                  {"precision", ratio(right, predicted)},
                  {"recall", ratio(right, support)},
                  {"f1", ratio(2 * right, support + predicted)}};
        if (count.support > 0) {
            ++present;
            precision += predicted > 0 ? right / predicted : 0;
            recall += right / support;
            f1 += 2 * right / (support + predicted);
        }
        classes.push_back(std::move(view));
    }
    const auto labelled = static_cast<double>(labelled_);
    return {
        {"labelled", labelled_},
        {"top1", ratio(static_cast<double>(top1_), labelled)},
        {"top5", ratio(static_cast<double>(top5_), labelled)},
        {"confusion", std::move(cells)},
        {"classes", std::move(classes)},
        {"macro",
         {{"precision", ratio(precision, present)}, {"recall", ratio(recall, present)}, {"f1", ratio(f1, present)}}}};
}

}  // namespace digits
