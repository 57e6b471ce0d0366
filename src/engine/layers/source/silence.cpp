#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Takes blobs that nobody wants off the net's outputs; their gradient is zero.
class SilenceLayer final : public Layer {
  public:
    using Layer::Layer;
    void reshape(const Blobs&, const Blobs&) override {}
    void forward(const Blobs&, const Blobs&) override {}
    void backward(const Blobs&, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        for (std::size_t i = 0; i < bottom.size(); ++i)
            if (propagate_down[i]) bottom[i]->set_diff(at::zeros_like(bottom[i]->data()));
    }
};

}  // namespace

const LayerType kSilenceLayer{"Silence", create_layer<SilenceLayer>, 1, kAnyCount, 0, 0};

}  // namespace digits
