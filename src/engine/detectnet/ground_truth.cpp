#include "engine/detectnet/ground_truth.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Left, top, right, bottom.
struct Edges {
    float left = 0, top = 0, right = 0, bottom = 0;
    float width() const { return right - left; }
    float height() const { return bottom - top; }
    float area() const { return std::max(width(), 0.0F) * std::max(height(), 0.0F); }
};

Edges edges_of(const ObjectBox& box) { return {box.x, box.y, box.x + box.width, box.y + box.height}; }

Edges common_part(const Edges& a, const Edges& b) {
    return {std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom)};
}

/// A side of the rectangle that covers cells.
float covering_side(float side, const caffe::DetectNetGroundTruthParameter& parameter) {
    const float shrunk = parameter.scale_cvg() * side;
    if (parameter.gridbox_type() == caffe::DetectNetGroundTruthParameter::GRIDBOX_MAX)
        return std::min(shrunk, static_cast<float>(parameter.max_cvg_len()));
    return std::min(side, std::max(static_cast<float>(parameter.min_cvg_len()), shrunk));
}

/// `cells` along a side of the image that `from` to `to` touches, as [first, last).
std::pair<std::int64_t, std::int64_t> touched(float from, float to, float stride, std::int64_t cells) {
    const auto first = static_cast<std::int64_t>(std::floor(from / stride));
    const auto last = static_cast<std::int64_t>(std::ceil(to / stride));
    return {std::clamp<std::int64_t>(first, 0, cells), std::clamp<std::int64_t>(last, 0, cells)};
}

std::int64_t cells_along(std::uint32_t pixels, std::uint32_t stride) {
    return std::lround(static_cast<double>(pixels) / stride);
}

}  // namespace

std::vector<ObjectBox> read_boxes(const float* table, std::int64_t rows) {
    const float count = rows > 0 ? table[0] : -1.0F;
    if (!(count >= 0 && count <= static_cast<float>(rows - 1)) || table[1] != static_cast<float>(kLabelColumns))
        throw_invalid(
            "the labels of an image need a header [number of boxes, {}, …] and that many rows of {} numbers; got a "
            "header [{}, {}] before {} rows",
            kLabelColumns, kLabelColumns, count, rows > 0 ? table[1] : 0.0F, rows - 1);
    std::vector<ObjectBox> boxes;
    for (std::int64_t i = 1; i <= static_cast<std::int64_t>(count); ++i) {
        const float* row = table + i * kLabelColumns;
        boxes.push_back({row[0], row[1], row[2], row[3], static_cast<int>(row[5])});
    }
    return boxes;
}

CoverageGrid::CoverageGrid(const caffe::DetectNetGroundTruthParameter& parameter) : parameter_(parameter) {
    if (parameter.stride() == 0 || parameter.image_size_x() == 0 || parameter.image_size_y() == 0)
        throw_invalid("detectnet_groundtruth_param needs a positive stride and image size; got {}, {} x {}",
                      parameter.stride(), parameter.image_size_x(), parameter.image_size_y());
    for (const auto& one : parameter.object_class()) {
        class_of_kind_[static_cast<int>(one.src())] = static_cast<int>(one.dst());
        classes_ = std::max<std::int64_t>(classes_, one.dst() + 1);
    }
    if (class_of_kind_.empty()) class_of_kind_[1] = 0;
    rows_ = cells_along(parameter.image_size_y(), parameter.stride());
    columns_ = cells_along(parameter.image_size_x(), parameter.stride());
    if (rows_ == 0 || columns_ == 0)
        throw_invalid("an image of {} x {} has no cell of {} pixels (stride)", parameter.image_size_x(),
                      parameter.image_size_y(), parameter.stride());
}

void CoverageGrid::draw(const std::vector<ObjectBox>& boxes, float* grid) const {
    std::fill_n(grid, planes() * rows_ * columns_, 0.0F);
    const Edges image{0, 0, static_cast<float>(parameter_.image_size_x()),
                      static_cast<float>(parameter_.image_size_y())};
    for (ObjectBox box : boxes) {
        const auto found = class_of_kind_.find(box.kind);
        if (found == class_of_kind_.end()) continue;
        if (parameter_.crop_bboxes()) {
            const Edges seen = common_part(edges_of(box), image);
            box.x = seen.left;
            box.y = seen.top;
            box.width = seen.width();
            box.height = seen.height();
        }
        if (edges_of(box).area() >= FLT_EPSILON) draw_box(box, found->second, grid);
    }
}

void CoverageGrid::draw_box(const ObjectBox& box, int class_index, float* grid) const {
    const auto stride = static_cast<float>(parameter_.stride());
    const float width = covering_side(box.width, parameter_), height = covering_side(box.height, parameter_);
    const float left = box.x + (box.width - width) / 2, top = box.y + (box.height - height) / 2;
    const Edges cover{left, top, left + width, top + height}, edges = edges_of(box);
    const float weight = std::max(parameter_.obj_norm() ? 0.0F : 1.0F, stride * stride / cover.area());
    const auto [first_row, last_row] = touched(cover.top, cover.bottom, stride, rows_);
    const auto [first_column, last_column] = touched(cover.left, cover.right, stride, columns_);
    for (std::int64_t row = first_row; row < last_row; ++row) {
        for (std::int64_t column = first_column; column < last_column; ++column) {
            const float x = static_cast<float>(column) * stride, y = static_cast<float>(row) * stride;
            if (common_part(cover, {x, y, x + stride, y + stride}).area() / (stride * stride) <= FLT_EPSILON) continue;
            const auto set = [&](std::int64_t plane, float value) {
                grid[(plane * rows_ + row) * columns_ + column] = value;
            };
            set(0, 1);
            set(1, edges.left - x);
            set(2, edges.top - y);
            set(3, edges.right - x);
            set(4, edges.bottom - y);
            set(5, 1 / box.width);
            set(6, 1 / box.height);
            set(7, weight);
            for (std::int64_t i = 0; i < classes_; ++i) set(8 + i, i == class_index ? 1.0F : 0.0F);
        }
    }
}

}  // namespace digits
