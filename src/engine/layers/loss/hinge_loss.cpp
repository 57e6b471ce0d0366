#include <ATen/ATen.h>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Σ max(0, 1 + s x) / N, or its squares with norm L2; s = −1 for the label's class, 1 for every other.
class HingeLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() < 1 || bottom[1]->count() != bottom[0]->dim(0))
            throw_invalid("scores of shape {} need one label an item; got {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t items = bottom[0]->dim(0), classes = bottom[0]->count(1);
        const at::Tensor x = bottom[0]->data().reshape({items, classes});
        const at::Tensor labels = class_indices(*bottom[1], items, 1, classes, std::nullopt).index.view({items, 1});
        sign_ = at::ones_like(x).scatter(1, labels, -1.0);
        margin_ = at::clamp_min(1 + sign_ * x, 0);
        top[0]->set_data((squared() ? margin_ * margin_ : margin_).sum() / static_cast<double>(items));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor slope = sign_ * (squared() ? 2 * margin_ : at::sign(margin_));
        bottom[0]->set_diff((slope * (top[0]->diff() / static_cast<double>(margin_.size(0)))).view(bottom[0]->shape()));
    }

  private:
    bool squared() const { return parameter_.hinge_loss_param().norm() == caffe::HingeLossParameter::L2; }

    at::Tensor sign_, margin_;  // (N, classes)
};

}  // namespace

const LayerType kHingeLossLayer{"HingeLoss", create_layer<HingeLossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
