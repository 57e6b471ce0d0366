#pragma once

#include <vector>

namespace digits {

struct Rectangle {
    int x = 0, y = 0, width = 0, height = 0;
    bool operator==(const Rectangle&) const = default;
};

struct RectangleGroup {
    Rectangle mean;
    int count = 0;
};

/// Rectangles that are alike, one for each group of more than `threshold`, with OpenCV's groupRectangles' numbers: two
/// are alike if their edges differ by no more than `eps` times their mean smaller size; groups inside a group
/// with more members fall away. With threshold 0 or less each stays as it is.
std::vector<RectangleGroup> group_rectangles(const std::vector<Rectangle>& rectangles, int threshold, double eps);

}  // namespace digits
