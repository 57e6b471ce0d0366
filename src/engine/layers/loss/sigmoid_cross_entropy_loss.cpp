#include <ATen/ATen.h>

#include <limits>
#include <optional>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "engine/net/measures_set.hpp"
#include "metrics/label_metrics.hpp"

namespace digits {
namespace {

/// −Σ [t ln σ(x) + (1 − t) ln (1 − σ(x))] / normaliser, computed without overflow. ignore_label is compared with the
/// integer part of the target. Where a sample has one value a label (N x labels), it can measure mAP and F1 of a set.
class SigmoidCrossEntropyLossLayer final : public Layer, public MeasuresSet {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->count() != bottom[1]->count())
            throw_invalid("scores and targets need the same count; got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        labels_ = bottom[0]->axis_count() > 1 && bottom[0]->count(2) == 1 ? bottom[0]->dim(1) : 0;
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        target_ = bottom[1]->data().reshape(bottom[0]->shape());
        valid_.reset();
        const auto ignore = ignore_label(parameter_.loss_param());
        if (ignore) valid_ = target_.to(at::kInt) != *ignore;
        const at::Tensor positive = (x >= 0).to(x);
        at::Tensor terms = x * (target_ - positive) - at::log1p(at::exp(x - 2 * x * positive));
        if (ignore) terms = at::where(valid_, terms, 0.0F);
        const std::int64_t outer = bottom[0]->legacy_dim(0);
        rule_ = loss_join_rule(normalization(parameter_.loss_param(), caffe::LossParameter::BATCH_SIZE), outer,
                               bottom[0]->count() / std::max<std::int64_t>(outer, 1), valid_);
        normalizer_ = normalizer(rule_);
        top[0]->set_data(terms.sum() / -normalizer_);
        if (is_measuring_) gather(x);
    }

    JoinRule join_rule(std::size_t top) const override { return top == 0 ? rule_ : JoinRule(); }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        at::Tensor dx = at::sigmoid(bottom[0]->data()) - target_;
        if (valid_.defined()) dx = at::where(valid_, dx, 0.0F);
        bottom[0]->set_diff(dx * (top[0]->diff() / normalizer_));
    }

    std::vector<std::string_view> measures() const override {
        if (labels_ == 0 || ignore_label(parameter_.loss_param())) return {};
        return {"mAP", "f1"};
    }
    void measure() override { is_measuring_ = true; }
    void begin_set() override { of_set_.reset(); }
    double measured(std::string_view name) const override {
        constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
        if (!of_set_) return kNone;
        return name == "mAP" ? LabelMetrics::mean(of_set_->average_precisions()).value_or(kNone) : of_set_->macro().f1;
    }

  private:
    void gather(const at::Tensor& scores) {
        const auto labels = static_cast<std::size_t>(labels_);
        if (!of_set_) of_set_.emplace(labels);
        const at::Tensor probabilities = at::sigmoid(scores.to(at::kCPU, at::kDouble)).contiguous();
        const at::Tensor wanted = target_.to(at::kCPU, at::kFloat).contiguous();
        for (std::size_t i = 0; i + labels <= static_cast<std::size_t>(scores.numel()); i += labels)
            of_set_->add({probabilities.data_ptr<double>() + i, labels}, {wanted.data_ptr<float>() + i, labels});
    }

    std::int64_t labels_ = 0;  // values of a sample; 0: they are not one for each label
    bool is_measuring_ = false;
    std::optional<LabelMetrics> of_set_;
    double normalizer_ = 1;
    JoinRule rule_;
    at::Tensor target_, valid_;
};

}  // namespace

const LayerType kSigmoidCrossEntropyLossLayer{
    "SigmoidCrossEntropyLoss", create_layer<SigmoidCrossEntropyLossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
