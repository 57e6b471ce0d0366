#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace digits {

/// A rectangle in pixels, as COCO writes it: the corner and the size, with fractions.
struct Rect {
    double x = 0, y = 0, width = 0, height = 0;

    double area() const { return width * height; }
    bool operator==(const Rect&) const = default;
};

/// From edges.
inline Rect rect_between(double left, double top, double right, double bottom) {
    return {left, top, right - left, bottom - top};
}

/// Intersection over union. For a crowd's truth: intersection over the area of the detection, since a detection may
/// cover any part of it. 0 where nothing is common.
double box_iou(const Rect& detection, const Rect& truth, bool crowd = false);

/// Non-maximum suppression: indices of the boxes that remain, by falling score (of equal scores the earlier first). A
/// box goes when a better one of its class overlaps it by more than `threshold`. Without `classes` all are of one.
std::vector<std::size_t> suppress_overlaps(std::span<const Rect> boxes, std::span<const double> scores,
                                           std::span<const int> classes, double threshold);

}  // namespace digits
