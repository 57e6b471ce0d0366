#include <ATen/ATen.h>

#include "caffe/weights.hpp"
#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// −Σ Σ_l H[label, l] · ln max(p_l, 1e-20) / normaliser; p is the softmax of the scores, H from `source` or the third
/// bottom.
class InfogainLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (parameter_.loss_param().has_normalize())
            throw_invalid("normalize is not for InfogainLoss; use normalization");
        if (bottom.size() < 3) {
            const auto& source = parameter_.infogain_loss_param().source();
            if (source.empty())
                throw_invalid("the matrix is missing: give infogain_loss_param.source or a third bottom");
            auto stored = read_blob(context_.base_dir / source);
            if (!stored) throw EngineError{stored.error()};
            auto values = blob_values(*stored);
            if (!values) throw EngineError{values.error()};
            matrix_ = at::from_blob(values->data(), {static_cast<std::int64_t>(values->size())}, at::kFloat).clone();
        }
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        axis_ = canonical_axis(parameter_.infogain_loss_param().axis(), bottom[0]->axis_count(), "axis");
        outer_ = bottom[0]->count(0, axis_);
        inner_ = bottom[0]->count(axis_ + 1);
        const std::int64_t classes = bottom[0]->dim(axis_),
                           cells = bottom.size() > 2 ? bottom[2]->count() : matrix_.numel();
        if (bottom[1]->count() != outer_ * inner_)
            throw_invalid("scores of shape {} need {} labels; got {}", shape_text(bottom[0]->shape()), outer_ * inner_,
                          shape_text(bottom[1]->shape()));
        if (cells != classes * classes)
            throw_invalid("{} classes need a matrix of {} values; got {}", classes, classes * classes, cells);
        top[0]->reshape({});
        if (top.size() > 1) top[1]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t classes = bottom[0]->dim(axis_);
        labels_ = class_indices(*bottom[1], outer_, inner_, classes, ignore_label(parameter_.loss_param()));
        probability_ = at::softmax(bottom[0]->data().reshape({outer_, classes, inner_}), 1);
        const at::Tensor matrix =
            (bottom.size() > 2 ? bottom[2]->data() : matrix_.to(probability_)).reshape({classes, classes});
        gains_ = matrix.index_select(0, labels_.index.reshape({-1}))
                     .view({outer_, inner_, classes})
                     .transpose(1, 2)
                     .contiguous();
        if (!labels_.all_valid) gains_.mul_(labels_.valid);
        rule_ = loss_join_rule(normalization(parameter_.loss_param(), caffe::LossParameter::VALID), outer_, inner_,
                               labels_.valid);
        normalizer_ = normalizer(rule_);
        top[0]->set_data((gains_ * at::log(at::clamp_min(probability_, 1e-20))).sum() / -normalizer_);
        if (top.size() > 1) top[1]->set_data(probability_.view(bottom[0]->shape()));
    }

    JoinRule join_rule(std::size_t top) const override { return top == 0 ? rule_ : JoinRule(); }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dx = probability_ * gains_.sum(1, true) - gains_;
        bottom[0]->set_diff((dx * (top[0]->diff() / normalizer_)).view(bottom[0]->shape()));
    }

  private:
    int axis_ = 1;
    std::int64_t outer_ = 0, inner_ = 0;
    double normalizer_ = 1;
    JoinRule rule_;
    Labels labels_;
    at::Tensor matrix_;
    at::Tensor probability_, gains_;  // (outer, classes, inner); gains are 0 where the label is ignored
};

}  // namespace

const LayerType kInfogainLossLayer{"InfogainLoss", create_layer<InfogainLossLayer>, 2, 3, 1, 2, true};

}  // namespace digits
