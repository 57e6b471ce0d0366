#include <ATen/ATen.h>

#include "engine/layers/channels_last.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// One blob for several readers: data is shared, gradients add up.
class SplitLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        for (Blob* one : top) {
            if (one == bottom[0]) throw_invalid("Split cannot work in place");
            one->reshape(bottom[0]->shape());
        }
    }

    bool takes_low_precision() const override { return true; }

    void forward(const Blobs& bottom, const Blobs& top) override {
        for (Blob* one : top) one->set_data(bottom[0]->data());
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        if (top.size() == 1) {
            bottom[0]->set_diff(top[0]->diff().clone());
            return;
        }
        const at::Tensor a = top[0]->diff(), b = top[1]->diff();
        const at::Tensor sum = on_cpu() && walk_alike(a, b) ? added(a, b, false) : a + b;
        for (std::size_t i = 2; i < top.size(); ++i) sum.add_(top[i]->diff());
        bottom[0]->set_diff(sum);
    }
};

}  // namespace

const LayerType kSplitLayer{"Split", create_layer<SplitLayer>, 1, 1, 1, kAnyCount};

}  // namespace digits
