#include <ATen/ATen.h>

#include <array>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// SegNet's batch normalization with scale and shift in one layer (Badrinarayanan et al., 2015). LEARN: by the mean and
/// variance of the batch, in every phase. INFERENCE: scale and shift alone, into which the statistics were computed.
class BNLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom must be N x channels x H x W; got {}", shape_text(bottom[0]->shape()));
        const Shape shape{1, bottom[0]->dim(1), 1, 1};
        auto scale = parameter_.bn_param().scale_filler();
        if (!parameter_.bn_param().has_scale_filler()) scale.set_value(1);
        add_blob(shape, scale);
        add_blob(shape, parameter_.bn_param().shift_filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4 || bottom[0]->dim(1) != blobs()[0]->count())
            throw_invalid("the bottom must be N x {} x H x W; got {}", blobs()[0]->count(),
                          shape_text(bottom[0]->shape()));
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        x_ = bottom[0]->data();
        const at::Tensor scale = blobs()[0]->data(), shift = blobs()[1]->data();
        if (learns()) {
            at::Tensor y;
            std::tie(y, mean_, inverse_deviation_) =
                at::native_batch_norm(x_, scale.view({-1}), shift.view({-1}), {}, {}, true, 0, kEps);
            top[0]->set_data(y);
        } else {
            top[0]->set_data(x_ * scale + shift);
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff(), scale = blobs()[0]->data();
        at::Tensor dx, dscale, dshift;
        if (learns()) {
            const std::array<bool, 3> wanted{true, true, true};
            std::tie(dx, dscale, dshift) = at::native_batch_norm_backward(dy, x_, scale.view({-1}), {}, {}, mean_,
                                                                          inverse_deviation_, true, kEps, wanted);
        } else {
            dx = dy * scale;
            dscale = (dy * x_).sum({0, 2, 3});
            dshift = dy.sum({0, 2, 3});
        }
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(dscale.view(blobs()[0]->shape()));
        if (wants_gradient(1)) blobs()[1]->accumulate_diff(dshift.view(blobs()[1]->shape()));
        if (propagate_down[0]) bottom[0]->set_diff(dx);
    }

  private:
    static constexpr double kEps = 1e-9;

    bool learns() const { return parameter_.bn_param().bn_mode() == caffe::BNParameter::LEARN; }

    at::Tensor x_, mean_, inverse_deviation_;  // in place, the bottom's values are gone by the time of backward
};

}  // namespace

const LayerType kBNLayer{"BN", create_layer<BNLayer>};

}  // namespace digits
