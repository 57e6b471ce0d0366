#include <ATen/ATen.h>

#include "engine/layers/normalization/broadcast.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y = x + b, b a parameter or the second bottom, spread from `axis` on.
class BiasLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& bias = parameter_.bias_param();
        if (bottom.size() == 1)
            add_blob(broadcast_shape(*bottom[0], canonical_axis(bias.axis(), bottom[0]->axis_count(), "axis"),
                                     bias.num_axes()),
                     bias.filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob& bias = bottom.size() > 1 ? *bottom[1] : *blobs()[0];
        const int axis = bias.axis_count() == 0
                             ? 0
                             : canonical_axis(parameter_.bias_param().axis(), bottom[0]->axis_count(), "axis");
        check_broadcast(*bottom[0], bias, axis);
        broadcast_ = Broadcast(axis, bias.shape(), bottom[0]->shape());
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor bias = broadcast_.spread(bottom.size() > 1 ? bottom[1]->data() : blobs()[0]->data());
        if (top[0] == bottom[0]) {
            bottom[0]->data().add_(bias);
        } else {
            top[0]->set_data(bottom[0]->data() + bias);
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        if (bottom.size() == 1 && wants_gradient(0))
            blobs()[0]->accumulate_diff(broadcast_.gather(dy, blobs()[0]->shape()));
        if (bottom.size() > 1 && propagate_down[1]) bottom[1]->set_diff(broadcast_.gather(dy, bottom[1]->shape()));
        if (propagate_down[0] && top[0] != bottom[0]) bottom[0]->set_diff(dy.clone());
    }

  private:
    Broadcast broadcast_;
};

}  // namespace

const LayerType kBiasLayer{"Bias", create_layer<BiasLayer>, 1, 2, 1, 1};

}  // namespace digits
