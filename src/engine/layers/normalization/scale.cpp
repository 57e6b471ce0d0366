#include <ATen/ATen.h>

#include "engine/layers/normalization/broadcast.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y = x s (+ b), s a parameter or the second bottom, spread from `axis` on.
class ScaleLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& scale = parameter_.scale_param();
        if (bottom.size() == 1) {
            const int axis = canonical_axis(scale.axis(), bottom[0]->axis_count(), "axis");
            caffe::FillerParameter one;
            one.set_value(1);
            add_blob(broadcast_shape(*bottom[0], axis, scale.num_axes()), scale.has_filler() ? scale.filler() : one);
        }
        if (scale.bias_term())
            add_blob(bottom.size() == 1 ? blobs()[0]->shape() : bottom[1]->shape(), scale.bias_filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Blob& factor = bottom.size() > 1 ? *bottom[1] : *blobs()[0];
        // A factor without axes fits anywhere.
        const int axis = factor.axis_count() == 0
                             ? 0
                             : canonical_axis(parameter_.scale_param().axis(), bottom[0]->axis_count(), "axis");
        check_broadcast(*bottom[0], factor, axis);
        broadcast_ = Broadcast(axis, factor.shape(), bottom[0]->shape());
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data();
        const at::Tensor factor = broadcast_.spread(bottom.size() > 1 ? bottom[1]->data() : blobs()[0]->data());
        top[0]->set_data(has_bias() ? at::addcmul(broadcast_.spread(blobs().back()->data()), input_, factor)
                                    : input_ * factor);
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        if (has_bias() && wants_gradient(blobs().size() - 1))
            blobs().back()->accumulate_diff(broadcast_.gather(dy, blobs().back()->shape()));
        if (bottom.size() == 1 && wants_gradient(0))
            blobs()[0]->accumulate_diff(broadcast_.gather(dy * input_, blobs()[0]->shape()));
        if (bottom.size() > 1 && propagate_down[1])
            bottom[1]->set_diff(broadcast_.gather(dy * input_, bottom[1]->shape()));
        if (propagate_down[0])
            bottom[0]->set_diff(dy * broadcast_.spread(bottom.size() > 1 ? bottom[1]->data() : blobs()[0]->data()));
    }

  private:
    bool has_bias() const { return parameter_.scale_param().bias_term(); }

    Broadcast broadcast_;
    at::Tensor input_;  // in place, the bottom's values are gone by the time of backward
};

}  // namespace

const LayerType kScaleLayer{"Scale", create_layer<ScaleLayer>, 1, 2, 1, 1};

}  // namespace digits
