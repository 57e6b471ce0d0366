#include "data/sources/objects/outline.hpp"

#include <cmath>
#include <numbers>

namespace digits {
namespace {

std::vector<double> turned(std::vector<double> points, double x, double y, double degrees) {
    if (degrees == 0) return points;
    const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
    for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
        const double dx = points[i] - x, dy = points[i + 1] - y;
        points[i] = x + dx * c - dy * s;
        points[i + 1] = y + dx * s + dy * c;
    }
    return points;
}

}  // namespace

std::vector<double> turned_corners(double left, double top, double right, double bottom, double x, double y,
                                   double degrees) {
    return turned({left, top, right, top, right, bottom, left, bottom}, x, y, degrees);
}

std::vector<double> ellipse_outline(double x, double y, double radius_x, double radius_y, double degrees) {
    constexpr int kCorners = 64;
    std::vector<double> points;
    for (int i = 0; i < kCorners; ++i) {
        const double angle = 2 * std::numbers::pi * i / kCorners;
        points.push_back(x + radius_x * std::cos(angle));
        points.push_back(y + radius_y * std::sin(angle));
    }
    return turned(std::move(points), x, y, degrees);
}

}  // namespace digits
