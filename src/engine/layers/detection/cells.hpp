#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/layers/detection/boxes.hpp"
#include "engine/net/layer.hpp"

namespace digits {

/// The cells of a detector without anchors. Each level has two blobs, scores (N x classes x rows x columns) and
/// distances (N x 4 x rows x columns): from the centre of a cell, exp(distance) strides to the left, top, right and
/// bottom edge.
struct CellLevel {
    std::int64_t stride = 1, rows = 0, columns = 0;

    std::int64_t count() const { return rows * columns; }
    double x(std::int64_t cell) const {
        return (static_cast<double>(cell % columns) + 0.5) * static_cast<double>(stride);
    }
    double y(std::int64_t cell) const {
        return (static_cast<double>(cell / columns) + 0.5) * static_cast<double>(stride);
    }
};

/// Distances beyond this many e-folds of a stride are cut, so that a network that diverges stays finite.
inline constexpr double kMostLogDistance = 7;

/// The box of a cell, cut to the image; `distances` are 4 x rows x columns.
inline Edges box_of(const CellLevel& level, std::int64_t cell, const float* distances) {
    const auto stride = static_cast<double>(level.stride);
    const double width = stride * static_cast<double>(level.columns);
    const double height = stride * static_cast<double>(level.rows);
    const auto reach = [&](std::int64_t k) {
        return stride * std::exp(std::min(static_cast<double>(distances[k * level.count() + cell]), kMostLogDistance));
    };
    const double x = level.x(cell), y = level.y(cell);
    return {std::max(x - reach(0), 0.0), std::max(y - reach(1), 0.0), std::min(x + reach(2), width),
            std::min(y + reach(3), height)};
}

/// Pixels of the image from one cell of a level to the next; without `strides` they are 8, 16, 32 and so on.
template <class Strides>
std::int64_t stride_of(std::size_t level, const Strides& strides) {
    return strides.empty() ? std::int64_t{8} << level : static_cast<std::int64_t>(strides[static_cast<int>(level)]);
}

/// Checks pairs of bottoms. Throws EngineError.
template <class Strides>
std::vector<CellLevel> read_levels(const Blobs& bottom, std::size_t pairs, const Strides& strides) {
    if (!strides.empty() && static_cast<std::size_t>(strides.size()) != pairs)
        throw_invalid("stride needs one value for each of the {} pairs of bottoms; got {}", pairs, strides.size());
    std::vector<CellLevel> levels;
    for (std::size_t i = 0; i < pairs; ++i) {
        const Blob &scores = *bottom[2 * i], &distances = *bottom[2 * i + 1];
        const bool fits = scores.axis_count() == 4 && distances.axis_count() == 4 && distances.dim(1) == 4 &&
                          scores.dim(0) == distances.dim(0) && scores.dim(2) == distances.dim(2) &&
                          scores.dim(3) == distances.dim(3) && scores.dim(0) == bottom[0]->dim(0) &&
                          scores.dim(1) == bottom[0]->dim(1);
        if (!fits)
            throw_invalid(
                "bottoms {} and {} must be scores of N x classes x rows x columns and distances of N x 4 x rows x "
                "columns; got {} and {}",
                2 * i, 2 * i + 1, shape_text(scores.shape()), shape_text(distances.shape()));
        const std::int64_t stride = stride_of(i, strides);
        if (stride < 1) throw_invalid("stride must be positive; got {}", stride);
        levels.push_back({stride, scores.dim(2), scores.dim(3)});
    }
    return levels;
}

}  // namespace digits
