#include "tasks/segmentation/mask_evaluator.hpp"

#include <nlohmann/json.hpp>

#include "base/csv.hpp"
#include "metrics/sentence.hpp"
#include "tasks/segmentation/mask_outputs.hpp"

namespace digits {
namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }
std::string csv_number(const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : ""; }

/// Why a mean IoU is 0; empty where it is not.
std::string explain(const PixelConfusion& confusion, const std::vector<std::string>& labels) {
    if (confusion.valid_pixels() == 0)
        return sentence(
            "No pixel of the masks has a class of the dataset, so there is no IoU. Check the classes and the "
            "ignored "
            "value of the dataset.");
    if (confusion.pixel_accuracy().value_or(0) > 0) return {};
    std::size_t outside = 0;
    for (std::size_t c = 0; c < labels.size(); ++c) outside += confusion.out_of_range(c);
    if (outside == confusion.valid_pixels())
        return sentence("The network predicts only classes that the dataset does not have; it has {}.", labels.size());
    for (std::size_t c = 0; c < labels.size(); ++c)
        if (confusion.predicted_pixels(c) == confusion.valid_pixels())
            return sentence("The network predicts {} for every pixel, and no pixel has this class.", labels[c]);
    return sentence(
        "No pixel is predicted right. Check that the classes of the dataset are in the order that the network "
        "learned.");
}

}  // namespace

Result<std::unique_ptr<Evaluator>> MaskEvaluator::create(const TargetFacts& facts,
                                                         const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_TRY(csv.add("index,image,miou,pixel accuracy\r\n"));
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder));
    return std::unique_ptr<Evaluator>(new MaskEvaluator(facts, std::move(csv), std::move(table)));
}

Status MaskEvaluator::add_labelled(const EvaluatedSample& sample, const Mask& truth, std::span<const int> predicted) {
    // What the network did not see is nobody's error.
    std::vector<int> ids(truth.ids.begin(), truth.ids.end());
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (predicted[i] < 0) ids[i] = -1;
    PixelConfusion own(confusion_.classes(), facts_.ignore_label);
    own.add(ids, predicted);
    confusion_.add(own);
    ++labelled_;
    std::vector<ImageMark> marks;
    json classes = json::array();
    for (std::size_t c = 0; c < facts_.labels.size(); ++c) {
        for (std::size_t p = 0; p < facts_.labels.size(); ++p)
            if (own.at(c, p) > 0) marks.push_back({static_cast<int>(c), static_cast<int>(p)});
        if (own.truth_pixels(c) + own.predicted_pixels(c) > 0)
            classes.push_back({{"index", c}, {"iou", or_null(own.iou(c))}, {"pixels", own.truth_pixels(c)}});
    }
    const auto miou = own.mean_iou();
    DIGITS_TRY(table_.add({{"index", sample.index},
                           {"image", sample.name},
                           {"width", truth.width},
                           {"height", truth.height},
                           {"miou", or_null(miou)},
                           {"pixel_accuracy", or_null(own.pixel_accuracy())},
                           {"classes", std::move(classes)}},
                          1 - miou.value_or(1), marks));
    return csv_.add(fmt::format("{},{},{},{}\r\n", sample.index, csv_field(sample.name), csv_number(miou),
                                csv_number(own.pixel_accuracy())));
}

Status MaskEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(const auto map, find_class_map(outputs, facts_.labels.size()));
    auto asked = sample.image.or_input();
    if (asked.width == 0) asked = {map.width, map.height, map.width, map.height, {}};
    const auto* truth = std::get_if<Mask>(&sample.target);
    if (truth) {
        if (truth->width != asked.width || truth->height != asked.height)
            return fail(ErrorCode::kDataLoss, "The mask of {} is {} x {} pixels, its image {} x {}.", sample.name,
                        truth->width, truth->height, asked.width, asked.height);
        return add_labelled(sample, *truth, map_to_image(map, asked));
    }
    DIGITS_TRY(table_.add({{"index", sample.index},
                           {"image", sample.name},
                           {"width", asked.width},
                           {"height", asked.height},
                           {"miou", nullptr},
                           {"pixel_accuracy", nullptr},
                           {"classes", json::array()}},
                          -1, {}));
    return csv_.add(fmt::format("{},{},,\r\n", sample.index, csv_field(sample.name)));
}

Result<EvaluationReport> MaskEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    EvaluationReport report;
    auto& members = report.members;
    const auto all = confusion_.to_json();
    for (const auto* name : {"miou", "miou_classes_in_truth", "pixel_accuracy", "mean_class_accuracy",
                             "frequency_weighted_iou", "valid_pixels"})
        members[name] = all[name];
    json classes = json::array(), cells = json::array();
    for (std::size_t c = 0; c < facts_.labels.size(); ++c) {
        classes.push_back({{"label", facts_.labels[c]},
                           {"index", c},
                           {"pixels", confusion_.truth_pixels(c)},
                           {"predicted", confusion_.predicted_pixels(c)},
                           {"iou", all["iou"][c]},
                           {"dice", all["dice"][c]},
                           {"accuracy", all["class_accuracy"][c]}});
        for (std::size_t p = 0; p < facts_.labels.size(); ++p)
            if (const auto count = confusion_.at(c, p)) cells.push_back({c, p, count});
    }
    members["labelled"] = labelled_;
    members["labels"] = facts_.labels;
    members["colors"] = class_colors(facts_);
    members["classes"] = std::move(classes);
    members["confusion"] = std::move(cells);
    report.brief = {"labelled", "miou", "pixel_accuracy", "mean_class_accuracy"};
    if (members["miou"].is_number())
        report.metrics = {{"miou", members["miou"]}, {"pixel accuracy", members["pixel_accuracy"]}};
    if (labelled_ > 0)
        if (auto reason = explain(confusion_, facts_.labels); !reason.empty()) {
            members["explanation"] = reason;
            report.warnings.push_back(std::move(reason));
        }
    return report;
}

}  // namespace digits
