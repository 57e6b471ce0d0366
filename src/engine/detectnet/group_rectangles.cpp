#include "engine/detectnet/group_rectangles.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <numeric>

namespace digits {
namespace {

bool alike(const Rectangle& a, const Rectangle& b, double eps) {
    const double delta = eps * (std::min(a.width, b.width) + std::min(a.height, b.height)) * 0.5;
    return std::abs(a.x - b.x) <= delta && std::abs(a.y - b.y) <= delta &&
           std::abs(a.x + a.width - b.x - b.width) <= delta && std::abs(a.y + a.height - b.y - b.height) <= delta;
}

/// The equivalence classes of similar rectangles, in the order of their first members.
std::vector<std::vector<Rectangle>> classes_of(const std::vector<Rectangle>& rectangles, double eps) {
    std::vector<std::size_t> parent(rectangles.size());
    std::iota(parent.begin(), parent.end(), 0);
    const auto root = [&](std::size_t i) {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    };
    for (std::size_t i = 0; i < rectangles.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (alike(rectangles[i], rectangles[j], eps)) parent[root(i)] = root(j);
    std::vector<std::vector<Rectangle>> classes;
    std::map<std::size_t, std::size_t> class_of_root;
    for (std::size_t i = 0; i < rectangles.size(); ++i) {
        const auto [found, is_new] = class_of_root.emplace(root(i), classes.size());
        if (is_new) classes.emplace_back();
        classes[found->second].push_back(rectangles[i]);
    }
    return classes;
}

RectangleGroup mean_of(const std::vector<Rectangle>& members) {
    Rectangle sum;
    for (const auto& one : members) {
        sum.x += one.x;
        sum.y += one.y;
        sum.width += one.width;
        sum.height += one.height;
    }
    const float share = 1.0F / static_cast<float>(members.size());
    // Rounds halves to even, as OpenCV does.
    const auto scaled = [&](int value) { return static_cast<int>(std::nearbyint(static_cast<float>(value) * share)); };
    return {{scaled(sum.x), scaled(sum.y), scaled(sum.width), scaled(sum.height)}, static_cast<int>(members.size())};
}

bool lies_inside(const RectangleGroup& small, const RectangleGroup& large, double eps) {
    const Rectangle &a = small.mean, &b = large.mean;
    const int dx = static_cast<int>(std::nearbyint(b.width * eps)),
              dy = static_cast<int>(std::nearbyint(b.height * eps));
    const bool inside = a.x >= b.x - dx && a.y >= b.y - dy && a.x + a.width <= b.x + b.width + dx &&
                        a.y + a.height <= b.y + b.height + dy;
    return inside && (large.count > std::max(3, small.count) || small.count < 3);
}

}  // namespace

std::vector<RectangleGroup> group_rectangles(const std::vector<Rectangle>& rectangles, int threshold, double eps) {
    std::vector<RectangleGroup> groups, kept;
    if (threshold <= 0) {
        for (const auto& one : rectangles) kept.push_back({one, 1});
        return kept;
    }
    for (const auto& members : classes_of(rectangles, eps))
        if (static_cast<int>(members.size()) > threshold) groups.push_back(mean_of(members));
    for (std::size_t i = 0; i < groups.size(); ++i) {
        bool hidden = false;
        for (std::size_t j = 0; j < groups.size(); ++j)
            hidden = hidden || (j != i && lies_inside(groups[i], groups[j], eps));
        if (!hidden) kept.push_back(groups[i]);
    }
    return kept;
}

}  // namespace digits
