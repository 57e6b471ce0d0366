#include "metrics/detection_outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "metrics/sentence.hpp"

namespace digits {
namespace {

/// COCO's rule for one class at one overlap.
void match_within_classes(std::span<const TruthObject> truths, std::span<const DetectedObject> detections, double least,
                          ImageOutcome& outcome) {
    std::vector<std::size_t> order(detections.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order,
                             [&](std::size_t a, std::size_t b) { return detections[a].score > detections[b].score; });
    for (const auto d : order) {
        int best = -1;
        double best_overlap = least;
        for (const bool ignored : {false, true}) {
            if (best >= 0) break;
            for (std::size_t t = 0; t < truths.size(); ++t) {
                const auto& truth = truths[t];
                if (truth.label != detections[d].label || (truth.crowd || truth.ignored) != ignored) continue;
                if (outcome.found_by[t] >= 0 && !truth.crowd) continue;
                const double overlap = box_iou(detections[d].box, truth.box, truth.crowd);
                if (overlap < best_overlap) continue;
                best = static_cast<int>(t);
                best_overlap = overlap;
            }
        }
        if (best < 0) continue;
        const auto& truth = truths[static_cast<std::size_t>(best)];
        outcome.detections[d] = truth.crowd || truth.ignored ? DetectionKind::kIgnored : DetectionKind::kRight;
        outcome.taken[d] = best;
        outcome.found_by[static_cast<std::size_t>(best)] = static_cast<int>(d);
    }
}

void match_across_classes(std::span<const TruthObject> truths, std::span<const DetectedObject> detections, double least,
                          ImageOutcome& outcome) {
    struct Pair {
        double overlap;
        std::size_t detection, truth;
    };
    std::vector<Pair> pairs;
    for (std::size_t d = 0; d < detections.size(); ++d) {
        if (outcome.taken[d] >= 0) continue;
        for (std::size_t t = 0; t < truths.size(); ++t) {
            if (outcome.found_by[t] >= 0 || truths[t].crowd || truths[t].ignored) continue;
            const double overlap = box_iou(detections[d].box, truths[t].box);
            if (overlap >= least) pairs.push_back({overlap, d, t});
        }
    }
    std::ranges::stable_sort(pairs, std::greater(), &Pair::overlap);
    for (const auto& [overlap, d, t] : pairs) {
        if (outcome.taken[d] >= 0 || outcome.found_by[t] >= 0) continue;
        outcome.detections[d] = DetectionKind::kWrongClass;
        outcome.taken[d] = static_cast<int>(t);
        outcome.found_by[t] = static_cast<int>(d);
    }
}

}  // namespace

ImageOutcome match_image(std::span<const TruthObject> truths, std::span<const DetectedObject> detections,
                         double overlap) {
    ImageOutcome outcome;
    outcome.detections.resize(detections.size(), DetectionKind::kFalse);
    outcome.taken.resize(detections.size(), -1);
    outcome.found_by.resize(truths.size(), -1);
    match_within_classes(truths, detections, overlap, outcome);
    match_across_classes(truths, detections, overlap, outcome);
    return outcome;
}

void DetectionConfusion::add(std::span<const TruthObject> truths, std::span<const DetectedObject> detections,
                             const ImageOutcome& outcome) {
    const std::size_t background = classes();
    const auto count = [&](std::size_t truth, std::size_t predicted) {
        if (truth < size_ && predicted < size_) ++counts_[truth * size_ + predicted];
    };
    for (std::size_t d = 0; d < detections.size(); ++d) {
        if (outcome.detections[d] == DetectionKind::kIgnored) continue;
        const auto predicted = static_cast<std::size_t>(detections[d].label);
        const int taken = outcome.taken[d];
        count(taken < 0 ? background : static_cast<std::size_t>(truths[static_cast<std::size_t>(taken)].label),
              predicted);
    }
    for (std::size_t t = 0; t < truths.size(); ++t)
        if (outcome.found_by[t] < 0 && !truths[t].crowd && !truths[t].ignored)
            count(static_cast<std::size_t>(truths[t].label), background);
}

DetectionFailure describe_failure(const DetectionSet& set, std::span<const std::string> labels, double smallest) {
    constexpr double kEnough = 0.5;
    DetectionFailure failure;
    failure.images = static_cast<std::uint64_t>(set.images);
    failure.detections = set.detections.size();
    failure.smallest = smallest;
    std::vector<std::vector<const TruthObject*>> by_image(static_cast<std::size_t>(set.images));
    for (const auto& truth : set.truths) {
        if (truth.crowd || truth.ignored || truth.image < 0 || truth.image >= set.images) continue;
        ++failure.objects;
        failure.tiny_objects += std::min(truth.box.width, truth.box.height) < smallest;
        by_image[static_cast<std::size_t>(truth.image)].push_back(&truth);
    }
    std::map<std::pair<int, int>, std::uint64_t> confused;
    for (const auto& detection : set.detections) {
        failure.highest_score = std::max(failure.highest_score, detection.score);
        if (detection.image < 0 || detection.image >= set.images) continue;
        const TruthObject* nearest = nullptr;
        double nearest_overlap = 0;
        for (const auto* truth : by_image[static_cast<std::size_t>(detection.image)]) {
            const double overlap = box_iou(detection.box, truth->box);
            if (truth->label == detection.label) failure.best_overlap = std::max(failure.best_overlap, overlap);
            if (overlap > nearest_overlap) {
                nearest = truth;
                nearest_overlap = overlap;
            }
        }
        if (!nearest || nearest_overlap < kEnough) continue;
        ++failure.overlapping;
        if (nearest->label == detection.label) continue;
        ++failure.overlapping_other;
        ++confused[{nearest->label, detection.label}];
    }
    if (failure.overlapping > 0 && failure.overlapping == failure.overlapping_other) {
        const auto most = std::ranges::max_element(confused, {}, [](const auto& pair) { return pair.second; });
        failure.most_confused = sentence("{} is detected as {}", class_words(labels, most->first.first),
                                         class_words(labels, most->first.second));
    }
    return failure;
}

std::string explain(const DetectionFailure& failure) {
    if (failure.objects == 0) return sentence("The images have no labelled objects, so there is no average precision.");
    if (failure.overlapping > failure.overlapping_other) return {};
    if (failure.detections == 0)
        return sentence(
            "The network detected nothing in {} images with {} objects. Train longer, or lower the score threshold.",
            failure.images, failure.objects);
    if (failure.overlapping > 0)
        return sentence(
            "{} of {} detections are in the right place and none has the right class: {}. Check that the classes of "
            "the "
            "dataset are in the order that the network learned.",
            failure.overlapping, failure.detections, failure.most_confused);
    if (failure.smallest > 0 && 2 * failure.tiny_objects > failure.objects)
        return sentence(
            "No detection matches an object: {} of {} objects are smaller than the {:.0f} pixels that the network can "
            "detect. Use larger images, or a network with a smaller stride.",
            failure.tiny_objects, failure.objects, failure.smallest);
    if (failure.best_overlap > 0)
        return sentence(
            "No detection overlaps an object of its class by half: the best of {} detections has an IoU of {:.2f}. "
            "Train "
            "longer, and check that the boxes are in pixels of the stored images.",
            failure.detections, failure.best_overlap);
    return sentence(
        "None of {} detections overlaps an object of its class. Train longer, and check that the boxes are in pixels "
        "of "
        "the stored images.",
        failure.detections);
}

}  // namespace digits
