#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "engine/detectnet/detections.hpp"
#include "engine/detectnet/python_layers.hpp"

namespace digits {
namespace {

/// Lists of boxes from a coverage grid (N x classes x rows x columns) and the boxes of its cells (N x 4 x rows x
/// columns, from the cell's corner): one top a class, N x boxes x 5.
class ClusterLayer : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob &coverage = *bottom[0], &boxes = *bottom[1];
        if (coverage.axis_count() != 4 || coverage.dim(1) != classes_ || boxes.axis_count() != 4 || boxes.dim(1) != 4 ||
            boxes.dim(0) != coverage.dim(0) || boxes.dim(2) != coverage.dim(2) || boxes.dim(3) != coverage.dim(3))
            throw_invalid(
                "expected a coverage of N x {} x rows x columns and boxes of N x 4 x rows x columns; got {} and {}",
                classes_, shape_text(coverage.shape()), shape_text(boxes.shape()));
        if (coverage.dim(2) < rows_ || coverage.dim(3) < columns_)
            throw_invalid("images of {} x {} with stride {} need a grid of {} x {}; the coverage is {}", width_,
                          height_, stride_, rows_, columns_, shape_text(coverage.shape()));
        if (static_cast<std::int64_t>(top.size()) != classes_)
            throw_invalid("{} classes need as many tops; got {}", classes_, top.size());
        for (Blob* one : top) one->reshape({coverage.dim(0), most_boxes_, kListColumns});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor coverage = bottom[0]->data().to(at::kCPU, at::kFloat).contiguous(),
                         boxes = bottom[1]->data().to(at::kCPU, at::kFloat).contiguous();
        for (std::size_t c = 0; c < top.size(); ++c) {
            const at::Tensor lists = at::zeros(top[c]->shape(), at::kFloat);
            for (std::int64_t n = 0; n < coverage.size(0); ++n)
                write(listed(covered(coverage[n][static_cast<std::int64_t>(c)], boxes[n])), lists[n]);
            top[c]->set_data(lists.to(bottom[0]->data().device()));
        }
    }

  protected:
    /// The first three numbers of the param_str, and the last two.
    void set_sizes(double width, double height, double stride, double classes, double most_boxes) {
        if (!(width >= 1 && height >= 1 && stride >= 1 && classes >= 1 && most_boxes >= 1))
            throw_invalid(
                "param_str needs a positive image size, stride, number of classes and of boxes; got {} x {}, {}, {}, "
                "{}",
                width, height, stride, classes, most_boxes);
        width_ = static_cast<std::int64_t>(width);
        height_ = static_cast<std::int64_t>(height);
        stride_ = static_cast<std::int64_t>(stride);
        classes_ = static_cast<std::int64_t>(classes);
        most_boxes_ = static_cast<std::int64_t>(most_boxes);
        columns_ = width_ / stride_;
        rows_ = height_ / stride_;
        if (columns_ == 0 || rows_ == 0)
            throw_invalid("images of {} x {} have no cell of {} pixels", width_, height_, stride_);
    }

    virtual bool covers(float coverage) const = 0;
    /// The rows of the list, at most `most_boxes_` of which are kept.
    virtual std::vector<DetectionRow> listed(const std::vector<BoxEdges>& boxes) const = 0;

  private:
    std::vector<BoxEdges> covered(const at::Tensor& coverage, const at::Tensor& boxes) const {
        const CellGrid grid{rows_, columns_, width_ / columns_, height_ / rows_, coverage.stride(0), boxes.stride(0)};
        return covered_boxes(coverage.const_data_ptr<float>(), boxes.const_data_ptr<float>(), grid,
                             [this](float coverage_of_cell) { return covers(coverage_of_cell); });
    }

    void write(const std::vector<DetectionRow>& rows, const at::Tensor& list) const {
        auto out = list.accessor<float, 2>();
        const auto count = std::min<std::int64_t>(std::ssize(rows), most_boxes_);
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t k = 0; k < kListColumns; ++k)
                // Rounded to half precision, as in NVIDIA's lists.
                out[i][k] =
                    static_cast<float>(c10::Half(rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)]));
    }

    std::int64_t width_ = 0, height_ = 0, stride_ = 1, classes_ = 1, most_boxes_ = kMostBoxes;
    std::int64_t rows_ = 0, columns_ = 0;
};

/// The boxes of a ground truth, each once; the fifth number is 0.
class ClusterGroundTruthLayer final : public ClusterLayer {
  public:
    using ClusterLayer::ClusterLayer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        auto numbers = numbers_of(parameter_.python_param().param_str(), 3,
                                  {"image width", "image height", "stride", "classes", "most boxes"});
        const std::size_t given = numbers.size();
        set_sizes(numbers[0], numbers[1], numbers[2], given > 3 ? numbers[3] : 1,
                  given > 4 ? numbers[4] : static_cast<double>(kMostBoxes));
        reshape(bottom, top);
    }

  protected:
    bool covers(float coverage) const override { return coverage > 0; }

    std::vector<DetectionRow> listed(const std::vector<BoxEdges>& boxes) const override {
        std::vector<DetectionRow> rows;
        std::set<BoxEdges> known;
        for (const BoxEdges& box : boxes)
            if (known.insert(box).second) rows.push_back({box[0], box[1], box[2], box[3], 0});
        return rows;
    }
};

/// Groups of similar boxes of cells with enough coverage; the fifth number is the logarithm of the group's size.
class ClusterDetectionsLayer final : public ClusterLayer {
  public:
    using ClusterLayer::ClusterLayer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto numbers = numbers_of(parameter_.python_param().param_str(), 7,
                                        {"image width", "image height", "stride", "coverage threshold",
                                         "group threshold", "group eps", "least height", "classes", "most boxes"});
        const std::size_t given = numbers.size();
        set_sizes(numbers[0], numbers[1], numbers[2], given > 7 ? numbers[7] : 1,
                  given > 8 ? numbers[8] : static_cast<double>(kMostBoxes));
        coverage_threshold_ = static_cast<float>(numbers[3]);
        grouping_.threshold = static_cast<int>(numbers[4]);
        grouping_.eps = numbers[5];
        grouping_.least_height = numbers[6];
        reshape(bottom, top);
    }

  protected:
    bool covers(float coverage) const override { return coverage >= coverage_threshold_; }

    std::vector<DetectionRow> listed(const std::vector<BoxEdges>& boxes) const override {
        return group_boxes(boxes, grouping_);
    }

  private:
    float coverage_threshold_ = 0;
    GroupingOptions grouping_;
};

}  // namespace

std::unique_ptr<Layer> create_cluster_ground_truth(const caffe::LayerParameter& parameter,
                                                   const LayerContext& context) {
    return create_layer<ClusterGroundTruthLayer>(parameter, context);
}

std::unique_ptr<Layer> create_cluster_detections(const caffe::LayerParameter& parameter, const LayerContext& context) {
    return create_layer<ClusterDetectionsLayer>(parameter, context);
}

}  // namespace digits
