#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "engine/net/layer.hpp"

namespace digits {

/// A box by its edges.
struct Edges {
    double left = 0, top = 0, right = 0, bottom = 0;

    double width() const { return right - left; }
    double height() const { return bottom - top; }
    double area() const { return std::max(width(), 0.0) * std::max(height(), 0.0); }
};

inline double overlap_area(const Edges& a, const Edges& b) {
    return std::max(std::min(a.right, b.right) - std::max(a.left, b.left), 0.0) *
           std::max(std::min(a.bottom, b.bottom) - std::max(a.top, b.top), 0.0);
}

/// Intersection over union; 0 where nothing is common.
inline double intersection_over_union(const Edges& a, const Edges& b) {
    const double common = overlap_area(a, b);
    return common > 0 ? common / (a.area() + b.area() - common) : 0;
}

/// A box that a network learns to find.
struct LabelledBox {
    Edges edges;  ///< pixels of the network's input
    int label = 0;
    bool difficult = false, crowd = false;
};

/// The boxes of a batch, as DIGITS's arrays hold them: N x 1 x (most boxes + 1) x 16, row 0 with the number of boxes
/// and, in columns 2 and 3, the size of the network's input, then left, top, width, height, alpha, class, flags (1:
/// difficult, 2: crowd).
struct ImageObjects {
    std::vector<LabelledBox> boxes;
    double width = 0, height = 0;  ///< 0: not known
};

inline constexpr std::int64_t kBoxRow = 16;

/// Throws EngineError for another shape.
inline void check_box_labels(const Blob& blob) {
    if (blob.axis_count() == 4 && blob.dim(1) == 1 && blob.dim(2) >= 1 && blob.dim(3) == kBoxRow) return;
    throw_invalid("the labels must be boxes of N x 1 x (most boxes + 1) x {}; got {}", kBoxRow,
                  shape_text(blob.shape()));
}

inline std::vector<ImageObjects> read_box_labels(const Blob& blob) {
    const at::Tensor values = blob.data().to(at::kCPU, at::kDouble).contiguous();
    const std::int64_t rows = blob.dim(2);
    std::vector<ImageObjects> images(static_cast<std::size_t>(blob.dim(0)));
    const double* row = values.data_ptr<double>();
    for (auto& image : images) {
        const auto count = std::clamp<std::int64_t>(static_cast<std::int64_t>(row[0]), 0, rows - 1);
        image.width = row[2];
        image.height = row[3];
        for (std::int64_t i = 1; i <= count; ++i) {
            const double* box = row + i * kBoxRow;
            const int flags = static_cast<int>(box[6]);
            image.boxes.push_back({{box[0], box[1], box[0] + box[2], box[1] + box[3]},
                                   static_cast<int>(box[5]),
                                   (flags & 1) != 0,
                                   (flags & 2) != 0});
        }
        row += rows * kBoxRow;
    }
    return images;
}

}  // namespace digits
