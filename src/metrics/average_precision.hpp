#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "metrics/rect.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {

/// An object that is in an image.
struct TruthObject {
    int image = 0;  ///< its place among the images, by ascending id
    int label = 0;
    Rect box;
    double area = 0;       ///< decides about small, medium and large; COCO's field, not always the box's
    bool crowd = false;    ///< one region of many objects: absorbs any number of detections and is not to be found
    bool ignored = false;  ///< need not be found (Pascal VOC's difficult)
};

/// An object that a network found.
struct DetectedObject {
    int image = 0;
    int label = 0;
    Rect box;
    double area = 0;  ///< of the box or mask
    double score = 0;
};

/// What is compared. With masks, one for each truth and detection, these decide instead of boxes.
struct DetectionSet {
    int images = 0, classes = 0;
    std::vector<TruthObject> truths;
    std::vector<DetectedObject> detections;  ///< of equal scores in an image and class the earlier is better
    std::vector<RunLengths> truth_masks, detection_masks;
};

/// COCO's numbers: averages over IoU 0.50, 0.55 … 0.95 and 101 recalls. -1: nothing to find.
struct ClassPrecision {
    double ap = -1, ap50 = -1, ap75 = -1;
    double ap_small = -1, ap_medium = -1, ap_large = -1;  ///< areas up to 32², up to 96², above
    double ar1 = -1, ar10 = -1, ar100 = -1;               ///< with the best 1, 10, 100 of an image and class
    double ar_small = -1, ar_medium = -1, ar_large = -1;
};
struct NamedPrecision {
    std::string_view name;
    double ClassPrecision::* value;
};
/// COCO's 12, in its order.
inline constexpr std::array<NamedPrecision, 12> kPrecisionNames{{{"AP", &ClassPrecision::ap},
                                                                 {"AP50", &ClassPrecision::ap50},
                                                                 {"AP75", &ClassPrecision::ap75},
                                                                 {"AP_small", &ClassPrecision::ap_small},
                                                                 {"AP_medium", &ClassPrecision::ap_medium},
                                                                 {"AP_large", &ClassPrecision::ap_large},
                                                                 {"AR1", &ClassPrecision::ar1},
                                                                 {"AR10", &ClassPrecision::ar10},
                                                                 {"AR100", &ClassPrecision::ar100},
                                                                 {"AR_small", &ClassPrecision::ar_small},
                                                                 {"AR_medium", &ClassPrecision::ar_medium},
                                                                 {"AR_large", &ClassPrecision::ar_large}}};

/// Of one class at IoU 0.5, all sizes.
struct DetectionCurves {
    static constexpr std::size_t kPoints = 101;

    std::uint64_t objects = 0;                   ///< that are to be found
    std::array<double, kPoints> precision{};     ///< at recall 0, 0.01 … 1: the best of this or a higher recall
    std::array<double, kPoints> recall_score{};  ///< the score threshold that gives this recall; 0 where none does
    std::array<std::uint64_t, kPoints> right{};  ///< detections with at least the threshold's score, by threshold
    std::array<std::uint64_t, kPoints> wrong{};
};

struct DetectionScores {
    ClassPrecision all;  ///< means over the classes with something to find
    std::vector<ClassPrecision> classes;
    std::vector<DetectionCurves> curves;  ///< by class
    std::array<double, DetectionCurves::kPoints>
        thresholds{};                     ///< of the curves: 0 to the highest score, at least to 1
    std::uint64_t kept = 0, dropped = 0;  ///< detections; dropped: after 100 of an image and class
};

/// The rules of pycocotools' COCOeval, to its numbers: of an image and class the 100 best detections count, by falling
/// score; each takes the free truth with the highest IoU of at least the threshold (of equal ones the later), ignored
/// ones only when no other is left. Sizes are inclusive at both ends; nothing is clipped. Objects whose image or label
/// lies outside the set are left out. `threads` 0: all cores.
DetectionScores score_detections(const DetectionSet& set, int threads = 0);

/// Precision, recall and their harmonic mean; 0 where nothing is divided by nothing.
struct PrecisionRecall {
    double precision = 0, recall = 0, f1 = 0;
};
PrecisionRecall precision_recall(std::uint64_t right, std::uint64_t wrong, std::uint64_t objects);

/// Index into `thresholds` with the best F1 over all classes' counts; of equal ones the lowest threshold.
std::size_t best_threshold(const DetectionScores& scores);

}  // namespace digits
