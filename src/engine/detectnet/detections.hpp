#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace digits {

/// Left, top, right, bottom.
using BoxEdges = std::array<float, 4>;
/// The edges, and the confidence.
using DetectionRow = std::array<float, 5>;

/// How boxes are handed to groupRectangles. NVIDIA's Caffe 0.15 and 0.16 gave it the edges as if they were x, y, width
/// and height, which loosens the grouping to the right and below; 0.17 gives it what it asks for.
enum class RectangleForm { kEdges, kSizes };

struct GroupingOptions {
    int threshold = 0;  ///< a group needs more members than this; 0: every box stays as it is
    double eps = 0;
    double least_height = 0;
    RectangleForm form = RectangleForm::kSizes;
};

/// Groups of similar boxes; the confidence is the logarithm of the group's size. The numbers of the rectangles are
/// rounded first, halves to even.
std::vector<DetectionRow> group_boxes(const std::vector<BoxEdges>& boxes, const GroupingOptions& options);

/// Which detections found which objects: in the order of the objects, each takes the first free detection that overlaps
/// it by at least `overlap` (IoU).
struct FoundObjects {
    std::vector<bool> right;  ///< by detection
    std::vector<bool> found;  ///< by object
};
FoundObjects find_objects(const std::vector<BoxEdges>& objects, const std::vector<BoxEdges>& detections,
                          double overlap);

/// In per cent; 0 without anything right.
struct DetectNetRates {
    double precision = 0, recall = 0, mean_ap = 0;
};
DetectNetRates detectnet_rates(std::int64_t right, std::int64_t wrong, std::int64_t missed);

/// The boxes of the cells with enough coverage, in pixels of the image.
struct CellGrid {
    std::int64_t rows = 0, columns = 0;             ///< that belong to the image
    std::int64_t cell_width = 0, cell_height = 0;   ///< in pixels
    std::int64_t row_stride = 0, plane_stride = 0;  ///< of the arrays, in values
};
template <class Covers>
std::vector<BoxEdges> covered_boxes(const float* coverage, const float* boxes, const CellGrid& grid,
                                    const Covers& covers) {
    std::vector<BoxEdges> found;
    for (std::int64_t y = 0; y < grid.rows; ++y)
        for (std::int64_t x = 0; x < grid.columns; ++x) {
            const std::int64_t cell = y * grid.row_stride + x;
            if (!covers(coverage[cell])) continue;
            const auto left = static_cast<float>(x * grid.cell_width), top = static_cast<float>(y * grid.cell_height);
            const auto edge = [&](std::int64_t plane) { return boxes[plane * grid.plane_stride + cell]; };
            found.push_back({edge(0) + left, edge(1) + top, edge(2) + left, edge(3) + top});
        }
    return found;
}

}  // namespace digits
