#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The bottoms one after the other along an axis.
class ConcatLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& concat = parameter_.concat_param();
        if (concat.has_axis() && concat.has_concat_dim()) throw_invalid("give axis or the old concat_dim, not both");
        const int axes = bottom[0]->axis_count();
        axis_ = concat.has_concat_dim() ? canonical_axis(static_cast<int>(concat.concat_dim()), axes, "concat_dim")
                                        : canonical_axis(concat.axis(), axes, "axis");
        Shape shape = bottom[0]->shape();
        for (std::size_t i = 1; i < bottom.size(); ++i) {
            Shape other = bottom[i]->shape();
            if (static_cast<int>(other.size()) == axes) {
                shape[static_cast<std::size_t>(axis_)] += bottom[i]->dim(axis_);
                other[static_cast<std::size_t>(axis_)] = shape[static_cast<std::size_t>(axis_)];
            }
            if (other != shape)
                throw_invalid("all bottoms must agree in every axis but {}; bottom 0 is {}, bottom {} is {}", axis_,
                              shape_text(bottom[0]->shape()), i, shape_text(bottom[i]->shape()));
        }
        top[0]->reshape(shape);
    }

    bool takes_low_precision() const override { return true; }

    void forward(const Blobs& bottom, const Blobs& top) override {
        if (bottom.size() == 1) {
            top[0]->set_data(bottom[0]->data());
            return;
        }
        std::vector<at::Tensor> parts;
        for (const Blob* one : bottom) parts.push_back(one->data());
        top[0]->set_data(at::cat(parts, axis_));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        std::int64_t offset = 0;
        for (std::size_t i = 0; i < bottom.size(); ++i) {
            const std::int64_t size = bottom[i]->dim(axis_);
            // A copy, always: layers that work in place must not reach into the top's diff.
            if (propagate_down[i])
                bottom[i]->set_diff(dy.narrow(axis_, offset, size).clone(dy.suggest_memory_format()));
            offset += size;
        }
    }

  private:
    int axis_ = 1;
};

}  // namespace

const LayerType kConcatLayer{"Concat", create_layer<ConcatLayer>, 1, kAnyCount, 1, 1};

}  // namespace digits
