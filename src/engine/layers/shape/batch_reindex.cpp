#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// y[i] = x[index[i]]; the gradients of repeated items add up.
class BatchReindexLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[1]->axis_count() != 1)
            throw_invalid("the index must have one axis; got {}", bottom[1]->axis_count());
        Shape shape = bottom[0]->shape();
        if (shape.empty()) throw_invalid("the bottom needs at least one axis");
        shape[0] = bottom[1]->dim(0);
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor index = bottom[1]->data().to(at::kLong);
        if (index.numel() > 0) {
            const auto low = index.min().item<std::int64_t>(), high = index.max().item<std::int64_t>();
            if (low < 0 || high >= bottom[0]->dim(0))
                throw_invalid("index {} lies outside 0 to {}", low < 0 ? low : high, bottom[0]->dim(0) - 1);
        }
        top[0]->set_data(bottom[0]->data().index_select(0, index));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        bottom[0]->set_diff(
            at::zeros_like(bottom[0]->data()).index_add(0, bottom[1]->data().to(at::kLong), top[0]->diff()));
    }
};

}  // namespace

const LayerType kBatchReindexLayer{"BatchReindex", create_layer<BatchReindexLayer>, 2, 2, 1, 1};

}  // namespace digits
