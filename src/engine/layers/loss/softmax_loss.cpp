#include <ATen/ATen.h>

#include <cfloat>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// −Σ ln max(p_label, FLT_MIN) / normaliser, p the softmax along softmax_param.axis. The gradient is not clamped. With
/// NVIDIA's label_smoothing it is that of targets of 1 − ε for the label and ε / (classes − 1) for the others; the loss
/// itself does not change. With class_weight every term counts as much as its label's class, and VALID divides by the
/// sum of these weights. With a third bottom from Mixup (N x 2: another label, the part p of the own one) each term is
/// p times that of the label and 1 − p times that of the other one.
class SoftmaxWithLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        axis_ = canonical_axis(parameter_.softmax_param().axis(), bottom[0]->axis_count(), "axis");
        outer_ = bottom[0]->count(0, axis_);
        inner_ = bottom[0]->count(axis_ + 1);
        if (bottom[1]->count() != outer_ * inner_)
            throw_invalid("scores of shape {} need {} labels; got {}", shape_text(bottom[0]->shape()), outer_ * inner_,
                          shape_text(bottom[1]->shape()));
        smoothing_ = parameter_.loss_param().label_smoothing();
        if (!(smoothing_ >= 0 && smoothing_ < 1) || (smoothing_ > 0 && bottom[0]->dim(axis_) < 2))
            throw_invalid("label_smoothing must be at least 0 and below 1, and needs 2 classes; got {} for {}",
                          smoothing_, bottom[0]->dim(axis_));
        check_class_weights(parameter_.loss_param(), bottom[0]->dim(axis_));
        if (bottom.size() > 2 && (inner_ != 1 || bottom[2]->shape() != Shape{outer_, 2}))
            throw_invalid("mixed labels need one label per image and a third bottom of {} x 2; got {} labels and {}",
                          outer_, outer_ * inner_, shape_text(bottom[2]->shape()));
        top[0]->reshape({});
        if (top.size() > 1) top[1]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t classes = bottom[0]->dim(axis_);
        labels_ = class_indices(*bottom[1], outer_, inner_, classes, ignore_label(parameter_.loss_param()));
        probability_ = at::softmax(bottom[0]->data().reshape({outer_, classes, inner_}), 1);
        at::Tensor terms = log_probability(labels_);
        weights_ = label_weights(parameter_.loss_param(), labels_, probability_);
        if (weights_.defined()) terms = terms * weights_;
        if (bottom.size() > 2) terms = mix(*bottom[2], terms, classes);
        rule_ = loss_join_rule(normalization(parameter_.loss_param(), caffe::LossParameter::VALID), outer_, inner_,
                               parameter_.loss_param().class_weight_size() > 0 ? weights_ : labels_.valid);
        normalizer_ = normalizer(rule_);
        top[0]->set_data(terms.sum() / -normalizer_);
        if (top.size() > 1) top[1]->set_data(probability_.view(bottom[0]->shape()));
    }

    JoinRule join_rule(std::size_t top) const override { return top == 0 ? rule_ : JoinRule(); }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const double other = smoothing_ > 0 ? smoothing_ / static_cast<double>(probability_.size(1) - 1) : 0;
        const at::Tensor label = at::full({}, other - (1 - smoothing_), probability_.options());
        at::Tensor dx;
        if (own_part_.defined()) {
            dx = (probability_ - other) * weights_;
            dx.scatter_add_(1, labels_.index, label * own_part_);
            dx.scatter_add_(1, other_labels_.index, label * (weights_ - own_part_));
        } else {
            dx = probability_.scatter_add(1, labels_.index, label.expand_as(labels_.index));
            if (smoothing_ > 0) dx.sub_(other);
            if (weights_.defined()) dx.mul_(weights_);
        }
        bottom[0]->set_diff(dx.mul_(top[0]->diff() / normalizer_).view(bottom[0]->shape()));
    }

  private:
    at::Tensor log_probability(const Labels& labels) const {
        return at::log(at::clamp_min(probability_.gather(1, labels.index), FLT_MIN));
    }

    /// The terms of mixed labels, from those of the images' own; sets what belongs to them.
    at::Tensor mix(const Blob& mixture, const at::Tensor& own_terms, std::int64_t classes) {
        const auto& loss = parameter_.loss_param();
        const at::Tensor both = mixture.data();
        other_labels_ = class_indices(both.select(1, 0), outer_, inner_, classes, ignore_label(loss));
        const at::Tensor part = both.select(1, 1).reshape({outer_, 1, 1}).to(probability_);
        at::Tensor other_weights = label_weights(loss, other_labels_, probability_);
        if (!other_weights.defined()) other_weights = at::ones_like(part);
        own_part_ = weights_.defined() ? weights_ * part : part;
        other_weights = other_weights * (1 - part);
        weights_ = own_part_ + other_weights;
        return own_terms * part + log_probability(other_labels_) * other_weights;
    }

    int axis_ = 1;
    std::int64_t outer_ = 0, inner_ = 0;
    double normalizer_ = 1;
    JoinRule rule_;
    float smoothing_ = 0;
    Labels labels_, other_labels_;  // the others: of mixed images
    at::Tensor weights_;            // of each term; undefined: all are 1
    at::Tensor own_part_;           // of `weights_`, what belongs to `labels_`; undefined: all
    at::Tensor probability_;        // (outer, classes, inner)
};

}  // namespace

const LayerType kSoftmaxWithLossLayer{"SoftmaxWithLoss", create_layer<SoftmaxWithLossLayer>, 2, 3, 1, 2, true};

}  // namespace digits
