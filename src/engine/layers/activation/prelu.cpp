#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y = max(x, 0) + a_c min(x, 0) with learned slopes: one a channel (axis 1), or one for all (a blob without axes).
class PReLULayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() < 2)
            throw_invalid("the bottom needs at least 2 axes; got {}", bottom[0]->axis_count());
        const auto& prelu = parameter_.prelu_param();
        caffe::FillerParameter filler;
        filler.set_value(0.25F);
        if (prelu.has_filler()) filler = prelu.filler();
        add_blob(prelu.channel_shared() ? Shape{} : Shape{bottom[0]->dim(1)}, filler);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        input_ = bottom[0]->data();
        top[0]->set_data(at::where(input_ > 0, input_, input_ * slopes()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        if (wants_gradient(0)) {
            at::Tensor da = at::where(input_ > 0, at::zeros_like(dy), dy * input_);
            if (blobs()[0]->axis_count() == 0) {
                da = da.sum();
            } else {
                std::vector<std::int64_t> others{0};
                for (int axis = 2; axis < bottom[0]->axis_count(); ++axis) others.push_back(axis);
                da = da.sum(others);
            }
            blobs()[0]->accumulate_diff(da);
        }
        if (propagate_down[0]) bottom[0]->set_diff(at::where(input_ > 0, dy, dy * slopes()));
    }

  private:
    at::Tensor slopes() {
        const at::Tensor slope = blobs()[0]->data();
        if (slope.dim() == 0) return slope;
        Shape shape(static_cast<std::size_t>(input_.dim()), 1);
        shape[1] = slope.size(0);
        return slope.view(shape);
    }

    at::Tensor input_;  // in place, the bottom's values are gone by the time of backward
};

}  // namespace

const LayerType kPReLULayer{"PReLU", create_layer<PReLULayer>};

}  // namespace digits
