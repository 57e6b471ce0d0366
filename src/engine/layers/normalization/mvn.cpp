#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Mean 0 and, if asked, deviation 1 for each channel (or each item); eps is added to the deviation, not to the
/// variance. The top always has 4 axes.
class MVNLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() > 4)
            throw_invalid("the bottom may have at most 4 axes; got {}", bottom[0]->axis_count());
        if (top[0] == bottom[0] && bottom[0]->axis_count() != 4)
            throw_invalid("MVN's top has 4 axes, so only a bottom with 4 can be worked on in place; it has {}",
                          bottom[0]->axis_count());
        Shape shape;
        for (int axis = 0; axis < 4; ++axis) shape.push_back(bottom[0]->legacy_dim(axis));
        top[0]->reshape(shape);
        rows_ = shape[0] * (parameter_.mvn_param().across_channels() ? 1 : shape[1]);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        at::Tensor y = rows(bottom[0]->data());
        y = y - y.mean(1, true);
        if (parameter_.mvn_param().normalize_variance()) {
            deviation_ = at::sqrt((y * y).mean(1, true)) + parameter_.mvn_param().eps();
            y = y / deviation_;
        }
        top[0]->set_data(y.view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = rows(top[0]->diff()), y = rows(top[0]->data());
        at::Tensor dx = dy - dy.mean(1, true);
        if (parameter_.mvn_param().normalize_variance()) dx = (dx - y * (dy * y).mean(1, true)) / deviation_;
        bottom[0]->set_diff(dx.view(bottom[0]->shape()));
    }

  private:
    at::Tensor rows(const at::Tensor& x) const { return x.reshape({rows_, -1}); }

    std::int64_t rows_ = 1;
    at::Tensor deviation_;
};

}  // namespace

const LayerType kMVNLayer{"MVN", create_layer<MVNLayer>};

}  // namespace digits
