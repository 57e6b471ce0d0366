#include "tasks/detection/detection.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tasks/detection/box_evaluator.hpp"
#include "tasks/detection/box_outputs.hpp"
#include "tasks/output_forms.hpp"

namespace digits {

/// COCO's mean of average precisions first; DetectNet's own mAP has the same name.
std::optional<Metric> Detection::judge(std::span<const std::string> series) const {
    for (const auto* name : {"mAP", "mAP50"})
        if (std::ranges::find(series, name) != series.end()) return Metric{name, true};
    return judge_by_loss(series);
}

Result<TrainingFiles> Detection::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                               const TrainingChoices& choices) const {
    return make_generic_training_files(network, data, choices);
}

Result<nlohmann::json> Detection::answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                         const AnswerOptions& options) const {
    DIGITS_ASSIGN(auto found, find_boxes(outputs, facts, options.image));
    const double least = options.score_threshold.value_or(found.default_threshold);
    // A list of DetectNet is of clusters: one of a single cell has confidence 0 and is not an object.
    std::erase_if(found.boxes, [&](const auto& box) { return least > 0 ? box.score < least : box.score <= least; });
    std::vector<std::size_t> shown(found.boxes.size());
    for (std::size_t i = 0; i < shown.size(); ++i) shown[i] = i;
    if (options.nms_threshold) {
        std::vector<Rect> boxes;
        std::vector<double> scores;
        std::vector<int> classes;
        for (const auto& box : found.boxes) {
            boxes.push_back(box.box);
            scores.push_back(box.score);
            classes.push_back(box.label);
        }
        shown = suppress_overlaps(boxes, scores, classes, *options.nms_threshold);
    }
    auto boxes = nlohmann::json::array();
    for (const auto i : shown) {
        const auto& box = found.boxes[i];
        boxes.push_back({{"class", box.label},
                         {"label", class_name(facts.labels, box.label)},
                         {"score", box.score},
                         {"left", box.box.x},
                         {"top", box.box.y},
                         {"right", box.box.x + box.box.width},
                         {"bottom", box.box.y + box.box.height}});
    }
    const auto image = options.image.or_input();
    return nlohmann::json{
        {"view", view()}, {"width", image.width}, {"height", image.height}, {"boxes", std::move(boxes)}};
}

Result<std::unique_ptr<Evaluator>> Detection::make_evaluator(const TargetFacts& facts,
                                                             const std::filesystem::path& folder) const {
    return BoxEvaluator::create(facts, folder);
}

}  // namespace digits
