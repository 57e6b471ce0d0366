#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Keeps the items of the data bottoms whose selector (the last bottom) is not 0.
class FilterLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom != static_cast<int>(parameter_.bottom_size()) - 1; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (top.size() + 1 != bottom.size())
            throw_invalid("{} bottoms (data and a selector) need {} tops; got {}", bottom.size(), bottom.size() - 1,
                          top.size());
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->reshape(bottom[i]->shape());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs&) override {
        const Blob& selector = *bottom.back();
        if (selector.axis_count() < 1 || selector.count(1) != 1)
            throw_invalid("the selector must have one value an item; its shape is {}", shape_text(selector.shape()));
        for (const Blob* one : bottom)
            if (one->axis_count() < 1 || one->dim(0) != selector.dim(0))
                throw_invalid("every bottom needs {} items, as the selector has", selector.dim(0));
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        kept_ = at::nonzero(bottom.back()->data().reshape({-1})).view({-1});
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->set_data(bottom[i]->data().index_select(0, kept_));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        for (std::size_t i = 0; i < top.size(); ++i)
            if (propagate_down[i])
                bottom[i]->set_diff(at::zeros_like(bottom[i]->data()).index_copy(0, kept_, top[i]->diff()));
    }

  private:
    at::Tensor kept_;
};

}  // namespace

const LayerType kFilterLayer{"Filter", create_layer<FilterLayer>, 2, kAnyCount, 1, kAnyCount};

}  // namespace digits
