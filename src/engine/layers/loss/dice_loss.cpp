#include <ATen/ATen.h>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// 1 − the mean over the classes of (2 Σ p g + s) / (Σ p + Σ g + s): p the softmax of the scores (N, C, …) along axis
/// 1, or the sigmoid of a single channel, g 1 where the label is the class, sums over the batch (Milletari et al.,
/// "V-Net", 2016, with p and g unsquared). The mean is weighted by class_weight, and labels that are ignored count in
/// no sum.
class DiceLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() < 2)
            throw_invalid("scores need an axis of classes, as in N x C x H x W; got {}",
                          shape_text(bottom[0]->shape()));
        if (!(parameter_.dice_loss_param().smooth() > 0))
            throw_invalid("smooth must be positive; got {}", parameter_.dice_loss_param().smooth());
        outer_ = bottom[0]->dim(0);
        classes_ = bottom[0]->dim(1);
        inner_ = bottom[0]->count(2);
        if (bottom[1]->count() != outer_ * inner_)
            throw_invalid("scores of shape {} need {} labels; got {}", shape_text(bottom[0]->shape()), outer_ * inner_,
                          shape_text(bottom[1]->shape()));
        check_class_weights(parameter_.loss_param(), classes_);
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor scores = bottom[0]->data().reshape({outer_, classes_, inner_});
        const bool is_binary = classes_ == 1;
        const auto labels =
            class_indices(*bottom[1], outer_, inner_, is_binary ? 2 : classes_, ignore_label(parameter_.loss_param()));
        probability_ = is_binary ? at::sigmoid(scores) : at::softmax(scores, 1);
        truth_ = is_binary ? labels.index.to(scores) : at::zeros_like(scores).scatter_(1, labels.index, 1.0);
        valid_ = labels.all_valid ? at::Tensor() : labels.valid.to(scores.scalar_type());
        if (valid_.defined()) truth_.mul_(valid_);
        const at::Tensor p = valid_.defined() ? probability_ * valid_ : probability_;
        const double smooth = parameter_.dice_loss_param().smooth();
        above_ = 2 * (p * truth_).sum({0, 2}) + smooth;
        below_ = (p + truth_).sum({0, 2}) + smooth;
        weights_ = at::full({classes_}, 1.0 / static_cast<double>(classes_), scores.options());
        if (const auto& given = parameter_.loss_param().class_weight(); !given.empty()) {
            weights_ = at::tensor(std::vector<double>(given.begin(), given.end()), at::kDouble).to(scores.options());
            weights_.div_(weights_.sum().clamp_min(1e-20));
        }
        top[0]->set_data(1 - (weights_ * above_ / below_).sum());
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const auto spread = [](const at::Tensor& of_class) { return of_class.view({1, -1, 1}); };
        const at::Tensor slope = weights_ * top[0]->diff() / below_;
        at::Tensor dp = spread(slope * above_ / below_) - spread(2 * slope) * truth_;
        if (valid_.defined()) dp.mul_(valid_);
        const at::Tensor dx = classes_ == 1 ? dp * probability_ * (1 - probability_)
                                            : probability_ * (dp - (dp * probability_).sum(1, true));
        bottom[0]->set_diff(dx.view(bottom[0]->shape()));
    }

  private:
    std::int64_t outer_ = 0, classes_ = 0, inner_ = 0;
    at::Tensor probability_, truth_, valid_;  // (outer, classes, inner); undefined: all count
    at::Tensor above_, below_, weights_;      // (classes)
};

}  // namespace

const LayerType kDiceLossLayer{"DiceLoss", create_layer<DiceLossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
