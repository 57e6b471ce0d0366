#include "tasks/detection/box_evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/csv.hpp"
#include "data/reports/image_table.hpp"
#include "tasks/detection/box_outputs.hpp"
#include "tasks/output_forms.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr double kOverlap = 0.5;  ///< of the outcomes and curves

/// Null for -1.
json number(double value) { return value < 0 ? json() : json(value); }

/// Four digits: what a curve needs.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

json precision_json(const ClassPrecision& precision) {
    json members = json::object();
    for (const auto& [name, member] : kPrecisionNames) members[std::string(name)] = number(precision.*member);
    return members;
}

json curves_json(const DetectionCurves& curves) {
    json members{{"objects", curves.objects},        {"precision_by_recall", json::array()},
                 {"score_by_recall", json::array()}, {"precision", json::array()},
                 {"recall", json::array()},          {"f1", json::array()}};
    for (std::size_t i = 0; i < DetectionCurves::kPoints; ++i) {
        members["precision_by_recall"].push_back(rounded(curves.precision[i]));
        members["score_by_recall"].push_back(rounded(curves.recall_score[i]));
        const auto rates = precision_recall(curves.right[i], curves.wrong[i], curves.objects);
        members["precision"].push_back(rounded(rates.precision));
        members["recall"].push_back(rounded(rates.recall));
        members["f1"].push_back(rounded(rates.f1));
    }
    return members;
}

/// Of all classes together: what is counted is added, what is averaged has the mean of the classes with objects.
DetectionCurves whole_curves(const std::vector<DetectionCurves>& classes) {
    DetectionCurves whole;
    double with_objects = 0;
    for (const auto& one : classes) {
        whole.objects += one.objects;
        with_objects += one.objects > 0;
        for (std::size_t i = 0; i < DetectionCurves::kPoints; ++i) {
            whole.right[i] += one.right[i];
            whole.wrong[i] += one.wrong[i];
            if (one.objects > 0) whole.precision[i] += one.precision[i];
        }
    }
    for (auto& value : whole.precision) value /= std::max(with_objects, 1.0);
    return whole;
}

json box_json(const Rect& box, int label) {
    return {{"class", label},
            {"left", box.x},
            {"top", box.y},
            {"right", box.x + box.width},
            {"bottom", box.y + box.height}};
}

const char* outcome_name(DetectionKind kind) {
    switch (kind) {
        case DetectionKind::kRight: return "right";
        case DetectionKind::kWrongClass: return "wrong_class";
        case DetectionKind::kIgnored: return "ignored";
        case DetectionKind::kFalse: break;
    }
    return "false";
}

}  // namespace

Result<std::unique_ptr<Evaluator>> BoxEvaluator::create(const TargetFacts& facts, const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_TRY(csv.add("index,image,class,score,left,top,right,bottom\r\n"));
    return std::unique_ptr<Evaluator>(new BoxEvaluator(facts, folder, std::move(csv)));
}

void BoxEvaluator::add_truth(const Boxes& boxes, int image) {
    for (const auto& box : boxes.boxes) {
        const Rect rect = rect_between(box.left, box.top, box.right, box.bottom);
        TruthObject truth{image, box.label, rect, rect.area(), box.crowd, box.difficult};
        if (!facts_.ignore_label || box.label != *facts_.ignore_label) {
            truths_.push_back(truth);
            continue;
        }
        // A region that nobody cares about: a crowd of every class.
        truth.crowd = true;
        for (int label = 0; label < background(); ++label)
            if (label != *facts_.ignore_label) {
                truth.label = label;
                truths_.push_back(truth);
            }
    }
}

Status BoxEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(auto found, find_boxes(outputs, facts_, sample.image));
    const int image = static_cast<int>(images_.size());
    const auto view = sample.image.or_input();
    const auto* truth = std::get_if<Boxes>(&sample.target);
    images_.push_back(
        {sample.index, sample.name, view.width, view.height, truth != nullptr, truths_.size(), detections_.size()});
    if (truth) {
        ++labelled_;
        add_truth(*truth, image);
    }
    for (auto& box : found.boxes) {
        box.image = image;
        DIGITS_TRY(
            csv_.add(fmt::format("{},{},{},{:.6g},{:.2f},{:.2f},{:.2f},{:.2f}\r\n", sample.index,
                                 csv_field(sample.name), csv_field(class_name(facts_.labels, box.label)), box.score,
                                 box.box.x, box.box.y, box.box.x + box.box.width, box.box.y + box.box.height)));
        detections_.push_back(box);
    }
    return {};
}

json BoxEvaluator::outcome_row(const SeenImage& image, std::span<const TruthObject> truths,
                               std::span<const DetectedObject> detections, const ImageOutcome& outcome,
                               std::vector<ImageMark>& marks, double& worst) const {
    json found = json::array(), objects = json::array();
    int right = 0, wrong = 0, missed = 0;
    for (std::size_t d = 0; d < detections.size(); ++d) {
        const auto kind = outcome.detections[d];
        auto box = box_json(detections[d].box, detections[d].label);
        box["score"] = rounded(detections[d].score);
        box["outcome"] = image.labelled ? json(outcome_name(kind)) : json();
        if (outcome.taken[d] >= 0) box["object"] = outcome.taken[d];
        found.push_back(std::move(box));
        if (kind == DetectionKind::kIgnored || !image.labelled) continue;
        (kind == DetectionKind::kRight ? right : wrong) += 1;
        const int truth =
            outcome.taken[d] < 0 ? background() : truths[static_cast<std::size_t>(outcome.taken[d])].label;
        marks.push_back({truth, detections[d].label});
    }
    for (std::size_t t = 0; t < truths.size(); ++t) {
        auto box = box_json(truths[t].box, truths[t].label);
        const bool counts = !truths[t].crowd && !truths[t].ignored;
        box["outcome"] = !counts ? "ignored" : outcome.found_by[t] < 0 ? "missed" : "found";
        objects.push_back(std::move(box));
        if (!counts || outcome.found_by[t] >= 0) continue;
        ++missed;
        marks.push_back({truths[t].label, background()});
    }
    std::ranges::sort(marks, {}, [](const auto& mark) { return std::pair(mark.truth, mark.predicted); });
    marks.erase(std::ranges::unique(marks).begin(), marks.end());
    worst = wrong + missed;
    return {{"index", image.index},
            {"image", image.name},
            {"width", image.width},
            {"height", image.height},
            {"right", right},
            {"wrong", wrong},
            {"missed", missed},
            {"boxes", std::move(found)},
            {"objects", std::move(objects)}};
}

Status BoxEvaluator::write_outcomes(double threshold, DetectionConfusion& confusion) const {
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder_));
    std::vector<DetectedObject> kept;
    for (std::size_t i = 0; i < images_.size(); ++i) {
        const auto& image = images_[i];
        const bool last = i + 1 == images_.size();
        const std::size_t truth_end = last ? truths_.size() : images_[i + 1].first_truth,
                          detection_end = last ? detections_.size() : images_[i + 1].first_detection;
        const auto truths = std::span(truths_).subspan(image.first_truth, truth_end - image.first_truth);
        kept.clear();
        for (std::size_t d = image.first_detection; d < detection_end; ++d)
            if (detections_[d].score >= threshold) kept.push_back(detections_[d]);
        const auto outcome = match_image(truths, kept, kOverlap);
        if (image.labelled) confusion.add(truths, kept, outcome);
        std::vector<ImageMark> marks;
        double worst = 0;
        const auto row = outcome_row(image, truths, kept, outcome, marks, worst);
        DIGITS_TRY(table.add(row, worst, marks));
    }
    return table.commit();
}

Result<EvaluationReport> BoxEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    // Images without a truth say nothing about the network.
    DetectionSet set{static_cast<int>(images_.size()), background(), truths_, {}, {}, {}};
    for (const auto& detection : detections_)
        if (images_[static_cast<std::size_t>(detection.image)].labelled) set.detections.push_back(detection);
    const auto scores = score_detections(set);
    const auto chosen = labelled_ > 0 ? best_threshold(scores) : 0;
    const double threshold = scores.thresholds[chosen];
    DetectionConfusion confusion(background());
    DIGITS_TRY(write_outcomes(threshold, confusion));

    EvaluationReport report;
    auto& members = report.members;
    members = precision_json(scores.all);
    members["labelled"] = labelled_;
    members["labels"] = facts_.labels;
    members["detections"] = detections_.size();
    members["iou"] = kOverlap;
    members["threshold"] = labelled_ > 0 ? json(threshold) : json();
    json classes = json::array(), curves = json::array(), cells = json::array();
    for (std::size_t c = 0; c < scores.classes.size(); ++c) {
        if (facts_.ignore_label && static_cast<int>(c) == *facts_.ignore_label) continue;
        auto one = precision_json(scores.classes[c]);
        const auto& own = scores.curves[c];
        const auto rates = precision_recall(own.right[chosen], own.wrong[chosen], own.objects);
        one["label"] = facts_.labels[c];
        one["index"] = c;
        one["objects"] = own.objects;
        one["right"] = own.right[chosen];
        one["wrong"] = own.wrong[chosen];
        one["precision"] = own.right[chosen] + own.wrong[chosen] > 0 ? json(rates.precision) : json();
        one["recall"] = own.objects > 0 ? json(rates.recall) : json();
        one["f1"] = own.objects > 0 ? json(rates.f1) : json();
        classes.push_back(std::move(one));
        auto curve = curves_json(own);
        curve["index"] = c;
        curves.push_back(std::move(curve));
    }
    for (std::size_t truth = 0; truth <= confusion.classes(); ++truth)
        for (std::size_t predicted = 0; predicted <= confusion.classes(); ++predicted)
            if (const auto count = confusion.at(truth, predicted)) cells.push_back({truth, predicted, count});
    const auto whole = whole_curves(scores.curves);
    const auto rates = precision_recall(whole.right[chosen], whole.wrong[chosen], whole.objects);
    members["objects"] = whole.objects;
    const bool has_objects = whole.objects > 0;
    members["precision"] = has_objects || whole.wrong[chosen] > 0 ? json(rates.precision) : json();
    members["recall"] = has_objects ? json(rates.recall) : json();
    members["f1"] = has_objects ? json(rates.f1) : json();
    members["classes"] = std::move(classes);
    members["confusion"] = std::move(cells);
    members["background"] = background();
    json steps = json::array();
    for (const double step : scores.thresholds) steps.push_back(rounded(step));
    members["curves"] = {{"thresholds", std::move(steps)}, {"all", curves_json(whole)}, {"classes", std::move(curves)}};
    report.brief = {"labelled", "objects", "AP", "AP50", "AP75", "precision", "recall", "f1", "threshold"};
    if (scores.all.ap >= 0)
        report.metrics = {{"mAP", scores.all.ap},
                          {"mAP50", scores.all.ap50},
                          {"precision", rates.precision},
                          {"recall", rates.recall}};
    if (labelled_ > 0)
        if (auto reason = explain(describe_failure(set, facts_.labels)); !reason.empty()) {
            members["explanation"] = reason;
            report.warnings.push_back(std::move(reason));
        }
    return report;
}

}  // namespace digits
