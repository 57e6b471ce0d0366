#include <ATen/ATen.h>
#include <fmt/format.h>

#include "engine/detectnet/detections.hpp"
#include "engine/detectnet/python_layers.hpp"
#include "engine/net/explains_zero.hpp"
#include "metrics/sentence.hpp"

namespace digits {
namespace {

enum Score { kTruePositive = 1, kFalsePositive = 2, kMissed = 3 };

/// The rows of a list that are not all 0.
std::vector<BoxEdges> boxes_of(const at::Tensor& list) {
    const auto rows = list.accessor<float, 2>();
    std::vector<BoxEdges> boxes;
    for (std::int64_t i = 0; i < list.size(0); ++i)
        if (const BoxEdges box{rows[i][0], rows[i][1], rows[i][2], rows[i][3]}; box != BoxEdges{}) boxes.push_back(box);
    return boxes;
}

/// Bottoms: the lists of objects and of detections. Top: the boxes with 1 for a true positive, 2 for a false positive,
/// 3 for a missed object. Each object is matched with the first free detection that overlaps it enough.
class ScoreDetectionsLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom.size() != 2 || top.size() != 1)
            throw_invalid("ScoreDetections takes 2 bottoms (ground truth and detections) and 1 top; got {} and {}",
                          bottom.size(), top.size());
        const std::string& text = parameter_.python_param().param_str();
        if (!text.empty()) threshold_ = numbers_of(text, 1, {"least overlap"})[0];
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        for (const Blob* one : bottom)
            if (one->axis_count() != 3 || one->dim(2) != kListColumns || one->dim(0) != bottom[0]->dim(0))
                throw_invalid("both lists need shape N x boxes x {}; got {} and {}", kListColumns,
                              shape_text(bottom[0]->shape()), shape_text(bottom[1]->shape()));
        top[0]->reshape({bottom[0]->dim(0), bottom[0]->dim(1) + bottom[1]->dim(1), kListColumns});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor truths = bottom[0]->data().to(at::kCPU, at::kFloat).contiguous(),
                         detections = bottom[1]->data().to(at::kCPU, at::kFloat).contiguous();
        const at::Tensor scored = at::zeros(top[0]->shape(), at::kFloat);
        for (std::int64_t n = 0; n < truths.size(0); ++n)
            score(boxes_of(truths[n]), boxes_of(detections[n]), scored[n]);
        top[0]->set_data(scored.to(bottom[0]->data().device()));
    }

  private:
    void score(const std::vector<BoxEdges>& truths, const std::vector<BoxEdges>& detections,
               const at::Tensor& list) const {
        const auto [right, found] = find_objects(truths, detections, threshold_);
        auto rows = list.accessor<float, 2>();
        std::int64_t next = 0;
        const auto write = [&](const BoxEdges& box, Score kind) {
            for (std::size_t k = 0; k < 4; ++k) rows[next][static_cast<std::int64_t>(k)] = box[k];
            rows[next++][4] = static_cast<float>(kind);
        };
        for (std::size_t j = 0; j < detections.size(); ++j)
            if (right[j]) write(detections[j], kTruePositive);
        for (std::size_t j = 0; j < detections.size(); ++j)
            if (!right[j]) write(detections[j], kFalsePositive);
        for (std::size_t i = 0; i < truths.size(); ++i)
            if (!found[i]) write(truths[i], kMissed);
    }

    double threshold_ = 0.7;
};

/// Of a list of scored boxes: precision · recall, precision and recall, in per cent.
class MeanApLayer final : public Layer, public ExplainsZero {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom.size() != 1 || top.size() != 3)
            throw_invalid("mAP takes 1 bottom (scored boxes) and 3 tops (mAP, precision, recall); got {} and {}",
                          bottom.size(), top.size());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 3 || bottom[0]->dim(2) != kListColumns)
            throw_invalid("the list needs shape N x boxes x {}; got {}", kListColumns, shape_text(bottom[0]->shape()));
        for (Blob* one : top) one->reshape({1});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor scores = bottom[0]->data().select(2, 4);
        const auto count = [&](Score kind) { return (scores == static_cast<double>(kind)).sum().item<std::int64_t>(); };
        const auto right = count(kTruePositive), wrong = count(kFalsePositive), missed = count(kMissed);
        right_ += right;
        wrong_ += wrong;
        missed_ += missed;
        const auto rates = detectnet_rates(right, wrong, missed);
        const double values[] = {rates.mean_ap, rates.precision, rates.recall};
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->set_data(at::full({1}, values[i], scores.options()));
    }

    void begin_set() override { right_ = wrong_ = missed_ = 0; }

    std::string explain_zero(double /*smallest*/, std::span<const std::string> /*classes*/) const override {
        if (right_ > 0) return {};
        if (missed_ == 0)
            return sentence("The mAP of the validation is 0, because its images have no objects that count.");
        if (wrong_ == 0)
            return sentence(
                "The mAP of the validation is 0: nothing is detected in images with {} objects. In no place enough "
                "neighbouring cells reach the coverage that ClusterDetections asks for (param_str). Train longer, or "
                "with a higher learning rate.",
                missed_);
        return sentence(
            "The mAP of the validation is 0: none of {} detections overlaps one of the {} objects enough. Train "
            "longer.",
            wrong_, missed_);
    }

  private:
    std::int64_t right_ = 0, wrong_ = 0, missed_ = 0;  // of the set so far
};

}  // namespace

std::unique_ptr<Layer> create_score_detections(const caffe::LayerParameter& parameter, const LayerContext& context) {
    return create_layer<ScoreDetectionsLayer>(parameter, context);
}

std::unique_ptr<Layer> create_mean_ap(const caffe::LayerParameter& parameter, const LayerContext& context) {
    return create_layer<MeanApLayer>(parameter, context);
}

}  // namespace digits
