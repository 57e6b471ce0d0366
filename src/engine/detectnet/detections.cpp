#include "engine/detectnet/detections.hpp"

#include <algorithm>
#include <cmath>

#include "engine/detectnet/group_rectangles.hpp"

namespace digits {
namespace {

/// A network that diverged can output any number.
int whole(float value) {
    constexpr float kMost = 1e6F;
    return std::isnan(value) ? 0 : static_cast<int>(std::nearbyint(std::clamp(value, -kMost, kMost)));
}

/// Intersection over union.
double overlap_of(const BoxEdges& a, const BoxEdges& b) {
    const double width = std::min(a[2], b[2]) - std::max(a[0], b[0]),
                 height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
    if (width <= 0 || height <= 0) return 0;
    const auto area = [](const BoxEdges& box) { return static_cast<double>(box[2] - box[0]) * (box[3] - box[1]); };
    return width * height / (area(a) + area(b) - width * height);
}

}  // namespace

std::vector<DetectionRow> group_boxes(const std::vector<BoxEdges>& boxes, const GroupingOptions& options) {
    const bool edges = options.form == RectangleForm::kEdges;
    std::vector<Rectangle> rectangles;
    for (const auto& box : boxes) {
        rectangles.push_back({whole(box[0]), whole(box[1]), whole(edges ? box[2] : box[2] - box[0]),
                              whole(edges ? box[3] : box[3] - box[1])});
    }
    std::vector<DetectionRow> rows;
    for (const auto& [mean, count] : group_rectangles(rectangles, options.threshold, options.eps)) {
        const int right = edges ? mean.width : mean.x + mean.width, bottom = edges ? mean.height : mean.y + mean.height;
        if (bottom - mean.y < options.least_height) continue;
        rows.push_back({static_cast<float>(mean.x), static_cast<float>(mean.y), static_cast<float>(right),
                        static_cast<float>(bottom), std::log(static_cast<float>(count))});
    }
    return rows;
}

FoundObjects find_objects(const std::vector<BoxEdges>& objects, const std::vector<BoxEdges>& detections,
                          double overlap) {
    FoundObjects result{std::vector<bool>(detections.size()), std::vector<bool>(objects.size())};
    for (std::size_t i = 0; i < objects.size(); ++i)
        for (std::size_t j = 0; j < detections.size() && !result.found[i]; ++j)
            if (!result.right[j] && overlap_of(detections[j], objects[i]) >= overlap)
                result.found[i] = result.right[j] = true;
    return result;
}

DetectNetRates detectnet_rates(std::int64_t right, std::int64_t wrong, std::int64_t missed) {
    const auto per_cent = [&](std::int64_t others) {
        return right > 0 ? 100 * static_cast<double>(right) / static_cast<double>(right + others) : 0.0;
    };
    const double precision = per_cent(wrong), recall = per_cent(missed);
    return {precision, recall, precision * recall / 100};
}

}  // namespace digits
