#include "jobs/downsample.hpp"

#include <cmath>

namespace digits {

std::vector<MetricPoint> downsample(std::vector<MetricPoint> points, std::size_t max_points) {
    if (max_points == 0 || points.size() <= max_points) return points;
    if (max_points == 1) return {points.back()};
    if (max_points == 2) return {points.front(), points.back()};
    const double bucket = static_cast<double>(points.size() - 2) / static_cast<double>(max_points - 2);
    const auto bucket_start = [&](std::size_t i) {
        return 1 + static_cast<std::size_t>(static_cast<double>(i) * bucket);
    };
    std::vector<MetricPoint> kept{points.front()};
    for (std::size_t i = 0; i + 2 < max_points; ++i) {
        const auto begin = bucket_start(i), end = bucket_start(i + 1);
        const auto next_end = std::min(bucket_start(i + 2), points.size());
        double next_x = 0, next_y = 0;
        for (auto j = end; j < next_end; ++j) {
            next_x += static_cast<double>(points[j].iteration);
            next_y += points[j].value;
        }
        const auto count = static_cast<double>(next_end - end);
        next_x /= count;
        next_y /= count;
        const auto& from = kept.back();
        std::size_t best = begin;
        double best_area = -1;
        for (auto j = begin; j < end; ++j) {
            const double area =
                std::abs((static_cast<double>(from.iteration) - next_x) * (points[j].value - from.value) -
                         static_cast<double>(from.iteration - points[j].iteration) * (next_y - from.value));
            if (area > best_area) {
                best_area = area;
                best = j;
            }
        }
        kept.push_back(points[best]);
    }
    kept.push_back(points.back());
    return kept;
}

}  // namespace digits
