#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// With d = (a − b) w: Σ (d² / 2 where |d| < 1, else |d| − 1/2) / N. w, the third bottom, may be left out; the gradient
/// is not multiplied by it again (NVIDIA's Caffe).
class SmoothL1LossLayer final : public Layer {
  public:
    using Layer::Layer;
    bool has_gradient(int bottom) const override { return bottom < 2; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        for (std::size_t i = 1; i < bottom.size(); ++i)
            if (bottom[i]->count() != bottom[0]->count())
                throw_invalid("all bottoms need the same count; bottom 0 is {}, bottom {} is {}",
                              shape_text(bottom[0]->shape()), i, shape_text(bottom[i]->shape()));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        difference_ = bottom[0]->data() - bottom[1]->data().reshape(bottom[0]->shape());
        if (bottom.size() > 2) difference_ = difference_ * bottom[2]->data().reshape(bottom[0]->shape());
        const at::Tensor size = at::abs(difference_);
        top[0]->set_data(at::where(size < 1, 0.5 * difference_ * difference_, size - 0.5).sum() /
                         static_cast<double>(bottom[0]->legacy_dim(0)));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor slope =
            at::clamp(difference_, -1, 1) * (top[0]->diff() / static_cast<double>(bottom[0]->legacy_dim(0)));
        if (propagate_down[0]) bottom[0]->set_diff(slope);
        if (propagate_down[1]) bottom[1]->set_diff((-slope).reshape(bottom[1]->shape()));
    }

  private:
    at::Tensor difference_;
};

}  // namespace

const LayerType kSmoothL1LossLayer{"SmoothL1Loss", create_layer<SmoothL1LossLayer>, 2, 3, 1, 1, true};

}  // namespace digits
