#include "metrics/rect.hpp"

#include <algorithm>
#include <numeric>

namespace digits {

double box_iou(const Rect& detection, const Rect& truth, bool crowd) {
    const double width =
        std::min(detection.x + detection.width, truth.x + truth.width) - std::max(detection.x, truth.x);
    if (!(width > 0)) return 0;
    const double height =
        std::min(detection.y + detection.height, truth.y + truth.height) - std::max(detection.y, truth.y);
    if (!(height > 0)) return 0;
    const double common = width * height;
    return common / (crowd ? detection.area() : detection.area() + truth.area() - common);
}

std::vector<std::size_t> suppress_overlaps(std::span<const Rect> boxes, std::span<const double> scores,
                                           std::span<const int> classes, double threshold) {
    std::vector<std::size_t> order(boxes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    std::vector<std::size_t> kept;
    for (const auto candidate : order) {
        const bool covered = std::ranges::any_of(kept, [&](std::size_t better) {
            return (classes.empty() || classes[better] == classes[candidate]) &&
                   box_iou(boxes[better], boxes[candidate]) > threshold;
        });
        if (!covered) kept.push_back(candidate);
    }
    return kept;
}

}  // namespace digits
