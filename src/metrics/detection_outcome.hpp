#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/average_precision.hpp"

namespace digits {

/// What a detection turned out to be.
enum class DetectionKind {
    kFalse,       ///< there is no object: "background"
    kRight,       ///< an object of its class
    kWrongClass,  ///< an object of another class
    kIgnored,     ///< of a crowd or an ignored object: neither right nor wrong
};

/// One image at one score threshold.
struct ImageOutcome {
    std::vector<DetectionKind> detections;  ///< in the order of the detections
    std::vector<int> taken;                 ///< by detection: the place of its truth, or -1
    std::vector<int> found_by;              ///< by truth: the place of the detection that took it, or -1
};

/// Pairs the detections of an image (those with enough score) with its truths: first within each class, as
/// score_detections() does at this overlap; what remains then across classes, largest overlap first. So right
/// detections are those of COCO's rules, and every other one is a confusion of two classes or of one and the
/// background.
ImageOutcome match_image(std::span<const TruthObject> truths, std::span<const DetectedObject> detections,
                         double overlap = 0.5);

/// Counts of truth (rows) and prediction (columns); the background follows the last class: its column are objects
/// that were not found, its row is false detections.
class DetectionConfusion {
  public:
    explicit DetectionConfusion(int classes) : size_(static_cast<std::size_t>(classes) + 1), counts_(size_ * size_) {}

    void add(std::span<const TruthObject> truths, std::span<const DetectedObject> detections,
             const ImageOutcome& outcome);
    std::uint64_t at(std::size_t truth, std::size_t predicted) const { return counts_[truth * size_ + predicted]; }
    std::size_t classes() const { return size_ - 1; }

  private:
    std::size_t size_;
    std::vector<std::uint64_t> counts_;
};

/// What is known of an evaluation of a detector whose precision is 0.
struct DetectionFailure {
    std::uint64_t images = 0, objects = 0, detections = 0;
    double highest_score = 0;
    std::uint64_t overlapping = 0;        ///< detections that overlap an object of any class enough
    std::uint64_t overlapping_other = 0;  ///< of these, those whose object is of another class
    double best_overlap = 0;              ///< the largest of a detection and an object of its class
    std::uint64_t tiny_objects = 0;       ///< narrower or lower than `smallest` pixels
    double smallest = 0;                  ///< side of the smallest object that the network can find; 0: not known
    std::string most_confused;            ///< "car is taken for van", where one pair of classes explains it
};
DetectionFailure describe_failure(const DetectionSet& set, std::span<const std::string> labels, double smallest = 0);

/// In words, why nothing was found. Empty where something was, or there is nothing to find.
std::string explain(const DetectionFailure& failure);

}  // namespace digits
