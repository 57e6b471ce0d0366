#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "caffe.pb.h"

namespace digits {

/// A labelled object of an image, in pixels.
struct ObjectBox {
    float x = 0, y = 0, width = 0, height = 0;  ///< left upper corner and size
    int kind = 0;                               ///< class of the dataset
};

/// Numbers of a row of DetectNet's label table: x, y, width, height, alpha, class, and nine more that nothing here
/// reads. Row 0 is a header: the number of boxes, and this.
inline constexpr std::int64_t kLabelColumns = 16;

/// The boxes of a table of `rows` rows. Throws EngineError for a header that does not fit.
std::vector<ObjectBox> read_boxes(const float* table, std::int64_t rows);

/// DetectNet's ground truth: a grid over the image whose cells say which object covers them. Planes: foreground; the
/// box's left, top, right and bottom, from the cell's corner; 1 / width, 1 / height; the weight of an object's cells;
/// one plane of coverage a class.
class CoverageGrid {
  public:
    /// Throws EngineError.
    explicit CoverageGrid(const caffe::DetectNetGroundTruthParameter& parameter);

    std::int64_t planes() const { return 8 + classes_; }
    std::int64_t rows() const { return rows_; }
    std::int64_t columns() const { return columns_; }

    /// Fills `grid`, (planes x rows x columns); later boxes are drawn over earlier ones.
    void draw(const std::vector<ObjectBox>& boxes, float* grid) const;

  private:
    void draw_box(const ObjectBox& box, int class_index, float* grid) const;

    caffe::DetectNetGroundTruthParameter parameter_;
    std::map<int, int> class_of_kind_;
    std::int64_t classes_ = 1, rows_ = 0, columns_ = 0;
};

}  // namespace digits
