#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Similar pairs (y != 0): d²; others: max(margin − d, 0)², or max(margin − d², 0) with legacy_version; Σ / 2N.
class ContrastiveLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom < 2; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->shape() != bottom[1]->shape() || bottom[0]->axis_count() < 2 || bottom[0]->count(2) != 1)
            throw_invalid("both bottoms need shape N x C (x 1 x 1); got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        if (bottom[2]->count() != bottom[0]->dim(0))
            throw_invalid("{} pairs need as many labels; got {}", bottom[0]->dim(0), bottom[2]->count());
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t items = bottom[0]->dim(0);
        const auto& contrastive = parameter_.contrastive_loss_param();
        difference_ = (bottom[0]->data() - bottom[1]->data()).reshape({items, -1});
        squared_ = (difference_ * difference_).sum(1, true);
        similar_ = bottom[2]->data().reshape({items, 1}).to(at::kLong) != 0;  // Caffe truncates 0.5 to 0
        const at::Tensor gap =
            at::clamp_min(contrastive.margin() - (contrastive.legacy_version() ? squared_ : at::sqrt(squared_)), 0);
        top[0]->set_data(at::where(similar_, squared_, contrastive.legacy_version() ? gap : gap * gap).sum() /
                         (2.0 * static_cast<double>(items)));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const auto& contrastive = parameter_.contrastive_loss_param();
        const at::Tensor distance = at::sqrt(squared_);
        const at::Tensor gap = contrastive.margin() - (contrastive.legacy_version() ? squared_ : distance);
        const at::Tensor pull = contrastive.legacy_version() ? at::full_like(gap, -1.0) : -gap / (distance + 1e-4);
        const at::Tensor factor = at::where(similar_, 1.0, at::where(gap > 0, pull, 0.0)).to(squared_);
        const at::Tensor slope = factor * difference_ * (top[0]->diff() / static_cast<double>(bottom[0]->dim(0)));
        if (propagate_down[0]) bottom[0]->set_diff(slope.view(bottom[0]->shape()));
        if (propagate_down[1]) bottom[1]->set_diff((-slope).view(bottom[1]->shape()));
    }

  private:
    at::Tensor difference_, squared_, similar_;  // (N, C), (N, 1), (N, 1)
};

}  // namespace

const LayerType kContrastiveLossLayer{"ContrastiveLoss", create_layer<ContrastiveLossLayer>, 3, 3, 1, 1, true};

}  // namespace digits
