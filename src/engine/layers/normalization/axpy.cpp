#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y = a x + z with one factor a for each channel of each item (NVIDIA's Caffe; squeeze and excitation).
class AxpyLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob &a = *bottom[0], &x = *bottom[1], &z = *bottom[2];
        if (x.axis_count() < 2 || x.shape() != z.shape() || a.axis_count() < 2 || a.dim(0) != x.dim(0) ||
            a.dim(1) != x.dim(1) || a.count(2) != 1)
            throw_invalid("expected a of N x C, x and z of one shape N x C x …; got {}, {} and {}",
                          shape_text(a.shape()), shape_text(x.shape()), shape_text(z.shape()));
        top[0]->reshape(x.shape());
        spread_.assign(x.shape().size(), 1);
        spread_[0] = x.dim(0);
        spread_[1] = x.dim(1);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(at::addcmul(bottom[2]->data(), bottom[0]->data().reshape(spread_), bottom[1]->data()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        if (propagate_down[0])
            bottom[0]->set_diff(
                (dy * bottom[1]->data()).reshape({spread_[0], spread_[1], -1}).sum(2).reshape(bottom[0]->shape()));
        if (propagate_down[1]) bottom[1]->set_diff(dy * bottom[0]->data().reshape(spread_));
        if (propagate_down[2]) bottom[2]->set_diff(dy.clone());
    }

  private:
    Shape spread_;
};

}  // namespace

const LayerType kAxpyLayer{"Axpy", create_layer<AxpyLayer>, 3, 3, 1, 1};

}  // namespace digits
