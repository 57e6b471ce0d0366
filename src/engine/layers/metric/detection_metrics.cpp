#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "engine/layers/detection/boxes.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/explains_zero.hpp"
#include "engine/net/layer.hpp"
#include "metrics/average_precision.hpp"
#include "metrics/detection_outcome.hpp"

namespace digits {
namespace {

enum class Form {
    kRows,        ///< N x K x 6: class or -1, score, left, top, right, bottom (DetectionDecode)
    kNormalized,  ///< 1 x 1 x n x 7: image, class + 1, score, left, top, right, bottom as parts of the input
                  ///< (DetectionOutput)
    kLists,       ///< a blob a class, N x K x 5: left, top, right, bottom, confidence (ClusterDetections)
};

/// COCO's mean average precision over IoU 0.5 to 0.95 and at IoU 0.5, then precision and recall at score_threshold and
/// IoU 0.5, of a whole validation set. Bottoms: detections, one blob or one a class, then the boxes. Difficult boxes
/// need not be found, and of a crowd's region any number may be. Boxes of loss_param.ignore_label count for nothing.
class DetectionMetricsLayer final : public Layer, public ExplainsZero {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        check_box_labels(*bottom.back());
        const Blob& first = *bottom[0];
        const auto images = bottom.back()->dim(0);
        if (first.axis_count() == 4 && first.dim(0) == 1 && first.dim(1) == 1 && first.dim(3) == 7) {
            form_ = Form::kNormalized;
        } else if (first.axis_count() == 3 && first.dim(2) == 6 && first.dim(0) == images) {
            form_ = Form::kRows;
        } else if (first.axis_count() == 3 && first.dim(2) == 5 && first.dim(0) == images) {
            form_ = Form::kLists;
        } else {
            throw_invalid(
                "detections must be {} x K x 6 (of DetectionDecode), 1 x 1 x n x 7 (of DetectionOutput) or a blob of "
                "{} x K x 5 for each class (of ClusterDetections); got {}",
                images, images, shape_text(first.shape()));
        }
        if (form_ != Form::kLists && bottom.size() != 2)
            throw_invalid("the bottoms must be one blob of detections and the boxes; got {}", bottom.size());
        for (Blob* one : top) one->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const auto images = read_box_labels(*bottom.back());
        for (std::size_t n = 0; n < images.size(); ++n)
            for (const auto& box : images[n].boxes) {
                if (parameter_.loss_param().has_ignore_label() && box.label == parameter_.loss_param().ignore_label())
                    continue;
                TruthObject truth{image_of(n),      box.label, rect_of(box.edges),
                                  box.edges.area(), box.crowd, box.difficult};
                classes_ = std::max(classes_, box.label + 1);
                set_.truths.push_back(truth);
            }
        for (std::size_t i = 0; i + 1 < bottom.size(); ++i) {
            const at::Tensor values = bottom[i]->data().to(at::kCPU, at::kFloat).contiguous();
            add(values, static_cast<int>(i), images);
        }
        set_.images += static_cast<int>(images.size());
        for (Blob* one : top)
            one->set_data(at::full({}, std::numeric_limits<float>::quiet_NaN(), bottom.back()->data().options()));
    }

    void begin_set() override {
        set_ = {};
        classes_ = 0;
    }

    void end_set(const Blobs& top) override {
        set_.classes = classes_;
        const auto scores = score_detections(set_);
        std::uint64_t right = 0, wrong = 0, objects = 0;
        const auto threshold = static_cast<double>(parameter_.detection_metrics_param().score_threshold());
        const auto at = static_cast<std::size_t>(std::ranges::lower_bound(scores.thresholds, threshold - 1e-9) -
                                                 scores.thresholds.begin());
        for (const auto& curve : scores.curves) {
            objects += curve.objects;
            if (at >= DetectionCurves::kPoints) continue;
            right += curve.right[at];
            wrong += curve.wrong[at];
        }
        const auto found = precision_recall(right, wrong, objects);
        // -1 says that there is nothing to find.
        const double values[]{std::max(scores.all.ap, 0.0), std::max(scores.all.ap50, 0.0), found.precision,
                              found.recall};
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->data().fill_(values[i]);
        is_zero_ = values[1] == 0;
    }

    std::string explain_zero(double smallest, std::span<const std::string> classes) const override {
        const auto why = is_zero_ ? explain(describe_failure(set_, classes, smallest)) : std::string();
        return why.empty() ? why : "The average precision of the validation is 0. " + why;
    }

    JoinRule join_rule(std::size_t) const override { return {{}, false, true}; }

  private:
    int image_of(std::size_t n) const { return set_.images + static_cast<int>(n); }
    static Rect rect_of(const Edges& box) { return rect_between(box.left, box.top, box.right, box.bottom); }

    void add(const at::Tensor& values, int blob, const std::vector<ImageObjects>& images) {
        const std::int64_t columns = values.size(-1), rows = values.numel() / columns;
        const std::int64_t rows_an_image = rows / std::max<std::int64_t>(std::ssize(images), 1);
        const float* row = values.data_ptr<float>();
        for (std::int64_t i = 0; i < rows; ++i, row += columns) {
            if (form_ == Form::kNormalized) {
                add_normalized(row, images);
                continue;
            }
            const auto n = static_cast<std::size_t>(i / rows_an_image);
            if (form_ == Form::kRows) {
                add(n, static_cast<int>(row[0]), static_cast<double>(row[1]), {row[2], row[3], row[4], row[5]});
            } else if (row[4] != 0 || row[2] > row[0]) {
                add(n, blob, static_cast<double>(row[4]), {row[0], row[1], row[2], row[3]});
            }
        }
    }

    void add_normalized(const float* row, const std::vector<ImageObjects>& images) {
        if (!(row[0] >= 0 && row[0] < static_cast<float>(images.size()))) return;
        const auto n = static_cast<std::size_t>(row[0]);
        const double width = images[n].width, height = images[n].height;
        if (width <= 0 || height <= 0)
            throw_invalid(
                "the labels do not tell the size of the network's input: a Data layer writes it where data_param has "
                "target: BOXES");
        add(n, static_cast<int>(row[1]) - 1, static_cast<double>(row[2]),
            {row[3] * width, row[4] * height, row[5] * width, row[6] * height});
    }

    void add(std::size_t n, int label, double score, const Edges& box) {
        if (label < 0 || !std::isfinite(score)) return;
        classes_ = std::max(classes_, label + 1);
        set_.detections.push_back({image_of(n), label, rect_of(box), box.area(), score});
    }

    Form form_ = Form::kRows;
    DetectionSet set_;  // so far
    int classes_ = 0;
    bool is_zero_ = false;
};

}  // namespace

const LayerType kDetectionMetricsLayer{"DetectionMetrics", create_layer<DetectionMetricsLayer>, 2, kAnyCount, 1, 4};

}  // namespace digits
