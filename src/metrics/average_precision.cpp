#include "metrics/average_precision.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "metrics/parallel.hpp"

namespace digits {
namespace {

constexpr std::size_t kOverlaps = 10, kRecalls = 101, kMostDetections = 100;
constexpr std::array<std::array<double, 2>, 4> kAreas{{{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};
constexpr double kNever = -1;

/// As numpy.linspace gives them, to the last bit.
double overlap_threshold(std::size_t index) {
    return index + 1 == kOverlaps ? 0.95 : 0.5 + static_cast<double>(index) * ((0.95 - 0.5) / 9);
}
double recall_threshold(std::size_t index) { return index + 1 == kRecalls ? 1.0 : static_cast<double>(index) * 0.01; }

/// A bit for each area range and overlap threshold.
constexpr std::size_t bit_of(std::size_t area, std::size_t overlap) { return area * kOverlaps + overlap; }
constexpr std::uint64_t area_bits(std::size_t area) {
    return ((std::uint64_t{1} << kOverlaps) - 1) << (area * kOverlaps);
}

/// What became of a detection.
struct Match {
    double score = 0;
    std::uint64_t found = 0;    ///< bits where it took a truth
    std::uint64_t ignored = 0;  ///< bits where it counts for nothing
    std::uint32_t rank = 0;     ///< in its image and class
    bool kept = false;
};

/// Indices of objects in order of their images, and where those of an image begin.
struct ByImage {
    std::vector<std::uint32_t> order, begin;

    template <class Object>
    ByImage(const std::vector<Object>& objects, int images, int classes) : begin(static_cast<std::size_t>(images) + 1) {
        const auto belongs = [&](const Object& object) {
            return object.image >= 0 && object.image < images && object.label >= 0 && object.label < classes;
        };
        for (const auto& object : objects)
            if (belongs(object)) ++begin[static_cast<std::size_t>(object.image) + 1];
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        order.resize(begin.back());
        auto next = begin;
        for (std::size_t i = 0; i < objects.size(); ++i)
            if (belongs(objects[i]))
                order[next[static_cast<std::size_t>(objects[i].image)]++] = static_cast<std::uint32_t>(i);
    }
    std::span<std::uint32_t> of(std::size_t image) {
        return std::span(order).subspan(begin[image], begin[image + 1] - begin[image]);
    }
};

/// The first of `indices` that are of one class.
template <class Object>
std::span<const std::uint32_t> take_class(std::span<const std::uint32_t>& indices, const std::vector<Object>& objects,
                                          int label) {
    std::size_t count = 0;
    while (count < indices.size() && objects[indices[count]].label == label) ++count;
    const auto taken = indices.first(count);
    indices = indices.subspan(count);
    return taken;
}

class Matcher {
  public:
    Matcher(const DetectionSet& set, int threads)
        : set_(set),
          truths_(set.truths, set.images, set.classes),
          detections_(set.detections, set.images, set.classes),
          matches_(set.detections.size()),
          with_masks_(!set.truth_masks.empty() || !set.detection_masks.empty()) {
        for (std::size_t t = 0; t < kOverlaps; ++t) overlaps_[t] = std::min(overlap_threshold(t), 1 - 1e-10);
        parallel_for(static_cast<std::size_t>(set.images), threads, 16, [&](std::size_t image) { match_image(image); });
    }

    const std::vector<Match>& matches() const { return matches_; }
    /// Indices of all detections, image by image.
    const std::vector<std::uint32_t>& order() const { return detections_.order; }

  private:
    struct Candidate {
        std::uint32_t truth;  ///< its place among those of the class
        double overlap;
    };
    /// Of one class in one image.
    struct Truths {
        std::vector<std::uint64_t> ignored;  ///< bits, the same for all overlaps of an area
        std::vector<std::uint64_t> taken;
        std::vector<bool> crowd;
        std::vector<MeasuredMask> masks;
    };

    void match_image(std::size_t image) {
        const auto by_class = [&](std::span<std::uint32_t> indices, const auto& objects) {
            std::ranges::stable_sort(indices, {}, [&](std::uint32_t i) { return objects[i].label; });
        };
        const auto own_truths = truths_.of(image), own_detections = detections_.of(image);
        by_class(own_truths, set_.truths);
        std::ranges::stable_sort(own_detections, [&](std::uint32_t a, std::uint32_t b) {
            const auto &first = set_.detections[a], &second = set_.detections[b];
            return first.label != second.label ? first.label < second.label : first.score > second.score;
        });
        std::span<const std::uint32_t> truths = own_truths, detections = own_detections;
        while (!detections.empty()) {
            const int label = set_.detections[detections.front()].label;
            while (!truths.empty() && set_.truths[truths.front()].label < label) truths = truths.subspan(1);
            const auto found = take_class(detections, set_.detections, label);
            match(take_class(truths, set_.truths, label), found.first(std::min(found.size(), kMostDetections)));
        }
    }

    void match(std::span<const std::uint32_t> truths, std::span<const std::uint32_t> detections) {
        Truths own;
        for (const auto index : truths) {
            const auto& truth = set_.truths[index];
            std::uint64_t ignored = 0;
            for (std::size_t a = 0; a < kAreas.size(); ++a)
                if (truth.crowd || truth.ignored || truth.area < kAreas[a][0] || truth.area > kAreas[a][1])
                    ignored |= area_bits(a);
            own.ignored.push_back(ignored);
            own.taken.push_back(0);
            own.crowd.push_back(truth.crowd);
            if (with_masks_) own.masks.push_back(measure(set_.truth_masks[index]));
        }
        std::vector<Candidate> candidates;
        for (std::size_t rank = 0; rank < detections.size(); ++rank) {
            const auto index = detections[rank];
            const auto& detection = set_.detections[index];
            auto& match = matches_[index];
            match.kept = true;
            match.score = detection.score;
            match.rank = static_cast<std::uint32_t>(rank);
            find_candidates(index, truths, own, candidates);
            for (std::size_t a = 0; a < kAreas.size(); ++a) {
                for (std::size_t t = 0; t < kOverlaps && !candidates.empty(); ++t)
                    take_best(candidates, own, overlaps_[t], std::uint64_t{1} << bit_of(a, t), match);
                if (detection.area < kAreas[a][0] || detection.area > kAreas[a][1])
                    match.ignored |= area_bits(a) & ~match.found;
            }
        }
    }

    void find_candidates(std::uint32_t detection, std::span<const std::uint32_t> truths, const Truths& own,
                         std::vector<Candidate>& candidates) const {
        candidates.clear();
        if (truths.empty()) return;
        MeasuredMask mask;
        if (with_masks_) mask = measure(set_.detection_masks[detection]);
        for (std::size_t i = 0; i < truths.size(); ++i) {
            const double overlap =
                with_masks_ ? mask_iou(mask, own.masks[i], own.crowd[i])
                            : box_iou(set_.detections[detection].box, set_.truths[truths[i]].box, own.crowd[i]);
            if (overlap >= overlaps_[0]) candidates.push_back({static_cast<std::uint32_t>(i), overlap});
        }
    }

    /// Those to be found first, in order; then ignored ones, if none of them was there.
    static void take_best(const std::vector<Candidate>& candidates, Truths& own, double least, std::uint64_t bit,
                          Match& match) {
        const Candidate* best = nullptr;
        for (const bool ignored : {false, true}) {
            if (best) break;
            for (const auto& candidate : candidates) {
                if (((own.ignored[candidate.truth] & bit) != 0) != ignored) continue;
                if ((own.taken[candidate.truth] & bit) && !own.crowd[candidate.truth]) continue;
                if (candidate.overlap < (best ? best->overlap : least)) continue;
                best = &candidate;
            }
        }
        if (!best) return;
        match.found |= bit;
        match.ignored |= own.ignored[best->truth] & bit;
        own.taken[best->truth] |= bit;
    }

    const DetectionSet& set_;
    ByImage truths_, detections_;
    std::vector<Match> matches_;
    std::array<double, kOverlaps> overlaps_{};
    bool with_masks_;
};

/// Precision and recall of one class from what became of its detections.
class ClassAccumulator {
  public:
    /// Best first. `objects`: to be found, by area.
    ClassAccumulator(std::span<const Match> matches, const std::array<std::uint64_t, kAreas.size()>& objects,
                     const std::array<double, kRecalls>& thresholds)
        : matches_(matches), objects_(objects), thresholds_(thresholds) {}

    void run(ClassPrecision& precision, DetectionCurves& curves) {
        curves.objects = objects_[0];
        std::array<double, kAreas.size()> mean{}, recall{};
        for (std::size_t a = 0; a < kAreas.size(); ++a) {
            if (objects_[a] == 0) {
                mean[a] = recall[a] = kNever;
                continue;
            }
            for (std::size_t t = 0; t < kOverlaps; ++t) {
                const double one = average(a, t, a == 0 && t == 0 ? &curves : nullptr);
                mean[a] += one / kOverlaps;
                recall[a] += last_recall_ / kOverlaps;
                if (a == 0 && t == 0) precision.ap50 = one;
                if (a == 0 && t == 5) precision.ap75 = one;
            }
        }
        precision.ap = mean[0];
        precision.ap_small = mean[1];
        precision.ap_medium = mean[2];
        precision.ap_large = mean[3];
        precision.ar1 = recall_of(1);
        precision.ar10 = recall_of(10);
        precision.ar100 = recall[0];
        precision.ar_small = recall[1];
        precision.ar_medium = recall[2];
        precision.ar_large = recall[3];
        count(curves);
    }

  private:
    /// The mean of the precisions at the 101 recalls.
    double average(std::size_t area, std::size_t overlap, DetectionCurves* curves) {
        const std::size_t bit = bit_of(area, overlap);
        precision_.clear();
        score_.clear();
        std::uint64_t counted = 0;
        for (const auto& match : matches_) {
            const std::uint64_t counts = ~(match.ignored >> bit) & 1;
            counted += counts;
            if (!(counts & (match.found >> bit))) continue;
            const auto right = static_cast<double>(precision_.size() + 1);
            // The addend is numpy.spacing(1) of COCO's code.
            precision_.push_back(right / (static_cast<double>(counted) + std::numeric_limits<double>::epsilon()));
            score_.push_back(match.score);
        }
        const auto objects = static_cast<double>(objects_[area]);
        last_recall_ = static_cast<double>(precision_.size()) / objects;
        for (std::size_t i = precision_.size(); i-- > 1;)
            precision_[i - 1] = std::max(precision_[i - 1], precision_[i]);
        double sum = 0;
        std::size_t at = 0;
        for (std::size_t r = 0; r < kRecalls; ++r) {
            while (at < precision_.size() && static_cast<double>(at + 1) / objects < recall_threshold(r)) ++at;
            if (at == precision_.size()) break;
            sum += precision_[at];
            if (curves) {
                curves->precision[r] = precision_[at];
                curves->recall_score[r] = score_[at];
            }
        }
        return sum / kRecalls;
    }

    double recall_of(std::uint32_t most) const {
        if (objects_[0] == 0) return kNever;
        std::uint64_t right = 0;
        for (const auto& match : matches_)
            if (match.rank < most)
                right += static_cast<std::uint64_t>(__builtin_popcountll(match.found & ~match.ignored & area_bits(0)));
        return static_cast<double>(right) / static_cast<double>(objects_[0]) / kOverlaps;
    }

    void count(DetectionCurves& curves) const {
        std::uint64_t right = 0, wrong = 0;
        std::size_t at = 0;
        for (std::size_t i = thresholds_.size(); i-- > 0;) {
            for (; at < matches_.size() && matches_[at].score >= thresholds_[i]; ++at) {
                if (matches_[at].ignored & 1) continue;
                (matches_[at].found & 1 ? right : wrong) += 1;
            }
            curves.right[i] = right;
            curves.wrong[i] = wrong;
        }
    }

    std::span<const Match> matches_;
    const std::array<std::uint64_t, kAreas.size()>& objects_;
    const std::array<double, kRecalls>& thresholds_;
    std::vector<double> precision_, score_;
    double last_recall_ = 0;
};

ClassPrecision mean_of(const std::vector<ClassPrecision>& classes) {
    ClassPrecision mean;
    for (const auto& [name, member] : kPrecisionNames) {
        double sum = 0, count = 0;
        for (const auto& one : classes)
            if (one.*member >= 0) {
                sum += one.*member;
                ++count;
            }
        mean.*member = count > 0 ? sum / count : kNever;
    }
    return mean;
}

}  // namespace

DetectionScores score_detections(const DetectionSet& set, int threads) {
    const auto classes = static_cast<std::size_t>(set.classes);
    const Matcher matcher(set, threads);

    DetectionScores scores;
    scores.classes.resize(classes);
    scores.curves.resize(classes);
    std::vector<std::array<std::uint64_t, kAreas.size()>> objects(classes);
    for (const auto& truth : set.truths) {
        if (truth.image < 0 || truth.image >= set.images || truth.label < 0 || truth.label >= set.classes) continue;
        for (std::size_t a = 0; a < kAreas.size(); ++a)
            if (!truth.crowd && !truth.ignored && truth.area >= kAreas[a][0] && truth.area <= kAreas[a][1])
                ++objects[static_cast<std::size_t>(truth.label)][a];
    }

    // The detections of each class, image by image.
    std::vector<std::size_t> begin(classes + 1);
    double highest = 1;
    for (const auto index : matcher.order()) {
        if (!matcher.matches()[index].kept) continue;
        ++begin[static_cast<std::size_t>(set.detections[index].label) + 1];
        highest = std::max(highest, set.detections[index].score);
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    scores.kept = begin.back();
    scores.dropped = matcher.order().size() - scores.kept;
    std::vector<Match> matches(begin.back());
    auto next = begin;
    for (const auto index : matcher.order())
        if (matcher.matches()[index].kept)
            matches[next[static_cast<std::size_t>(set.detections[index].label)]++] = matcher.matches()[index];

    for (std::size_t i = 0; i < kRecalls; ++i) scores.thresholds[i] = highest * static_cast<double>(i) / (kRecalls - 1);
    parallel_for(classes, threads, 1, [&](std::size_t c) {
        const auto own = std::span(matches).subspan(begin[c], begin[c + 1] - begin[c]);
        std::ranges::stable_sort(own, std::greater(), &Match::score);
        ClassAccumulator(own, objects[c], scores.thresholds).run(scores.classes[c], scores.curves[c]);
    });
    scores.all = mean_of(scores.classes);
    return scores;
}

PrecisionRecall precision_recall(std::uint64_t right, std::uint64_t wrong, std::uint64_t objects) {
    const auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
    const auto found = static_cast<double>(right);
    return {ratio(found, static_cast<double>(right + wrong)), ratio(found, static_cast<double>(objects)),
            ratio(2 * found, static_cast<double>(right + wrong + objects))};
}

std::size_t best_threshold(const DetectionScores& scores) {
    std::size_t best = 0;
    double best_f1 = -1;
    for (std::size_t i = 0; i < DetectionCurves::kPoints; ++i) {
        std::uint64_t right = 0, wrong = 0, objects = 0;
        for (const auto& curves : scores.curves) {
            right += curves.right[i];
            wrong += curves.wrong[i];
            objects += curves.objects;
        }
        if (const double f1 = precision_recall(right, wrong, objects).f1; f1 > best_f1) {
            best = i;
            best_f1 = f1;
        }
    }
    return best;
}

}  // namespace digits
