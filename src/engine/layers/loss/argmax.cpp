#include <ATen/ATen.h>

#include <algorithm>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The k largest, in descending order; of equal values the larger index comes first.
class ArgMaxLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& argmax = parameter_.argmax_param();
        const auto k = static_cast<std::int64_t>(argmax.top_k());
        const int axes = bottom[0]->axis_count();
        axis_ = argmax.has_axis() ? canonical_axis(argmax.axis(), axes, "axis") : -1;
        const std::int64_t size = axis_ >= 0 ? bottom[0]->dim(axis_) : bottom[0]->count(1);
        if (k < 1 || k > size) throw_invalid("top_k must be 1 to {}, the number of values; got {}", size, k);
        if (axis_ >= 0) {
            Shape shape = bottom[0]->shape();
            shape[static_cast<std::size_t>(axis_)] = k;
            top[0]->reshape(shape);
        } else {
            Shape shape(static_cast<std::size_t>(std::max(axes, 3)), 1);
            shape[0] = bottom[0]->dim(0);
            shape[1] = argmax.out_max_val() ? 2 : 1;
            shape[2] = k;
            top[0]->reshape(shape);
        }
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const auto& argmax = parameter_.argmax_param();
        const at::Tensor x = axis_ >= 0 ? bottom[0]->data().movedim(axis_, -1).contiguous()
                                        : bottom[0]->data().reshape({bottom[0]->dim(0), -1});
        const std::int64_t size = x.size(-1);
        // A stable descending sort of the reversed values puts the larger index first.
        const auto sorted = at::sort(x.flip(-1), true, -1, true);
        const auto k = static_cast<std::int64_t>(argmax.top_k());
        const at::Tensor values = std::get<0>(sorted).narrow(-1, 0, k);
        const at::Tensor indices = (size - 1 - std::get<1>(sorted).narrow(-1, 0, k)).to(at::kFloat);
        if (axis_ >= 0) {
            top[0]->set_data((argmax.out_max_val() ? values : indices).movedim(-1, axis_).contiguous());
        } else {
            top[0]->set_data(
                (argmax.out_max_val() ? at::stack({indices, values}, 1) : indices).reshape(top[0]->shape()));
        }
    }

  private:
    int axis_ = -1;
};

}  // namespace

const LayerType kArgMaxLayer{"ArgMax", create_layer<ArgMaxLayer>};

}  // namespace digits
