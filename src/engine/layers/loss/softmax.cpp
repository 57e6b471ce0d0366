#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// e^x over its sum along `axis`, the maximum subtracted first.
class SoftmaxLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        axis_ = canonical_axis(parameter_.softmax_param().axis(), bottom[0]->axis_count(), "axis");
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }
    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(at::softmax(bottom[0]->data(), axis_));
    }
    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor y = top[0]->data(), dy = top[0]->diff();
        bottom[0]->set_diff(y * (dy - (dy * y).sum(axis_, true)));
    }

  private:
    int axis_ = 1;
};

}  // namespace

const LayerType kSoftmaxLayer{"Softmax", create_layer<SoftmaxLayer>};

}  // namespace digits
