#include <ATen/ATen.h>

#include "engine/layers/own_diff.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y = max(x, 0) + negative_slope min(x, 0); at exactly 0 the derivative is the slope.
class ReLULayer final : public Layer {
  public:
    ReLULayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : Layer(parameter, context), slope_(parameter.relu_param().negative_slope()) {}

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    bool takes_low_precision() const override { return true; }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        if (top[0] != bottom[0]) {
            top[0]->set_data(slope_ == 0 ? at::relu(x) : at::leaky_relu(x, slope_));
        } else if (slope_ == 0) {
            at::Tensor y = x;
            at::relu_(y);
        } else {
            at::Tensor y = x;
            at::leaky_relu_(y, slope_);
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0] == bottom[0] && slope_ == 0 ? own_diff(*top[0]) : top[0]->diff();
        const at::Tensor x = bottom[0]->data().to(dy.scalar_type());
        if (slope_ == 0) {
            // In place the top's diff is the bottom's: no second array is needed.
            at::Tensor dx = top[0] == bottom[0] ? dy : at::empty_like(dy);
            at::threshold_backward_out(dx, dy, x, 0);
            bottom[0]->set_diff(dx);
        } else {
            bottom[0]->set_diff(at::where(x > 0, dy, dy * slope_));
        }
    }

  private:
    const float slope_;
};

}  // namespace

const LayerType kReLULayer{"ReLU", create_layer<ReLULayer>};

}  // namespace digits
