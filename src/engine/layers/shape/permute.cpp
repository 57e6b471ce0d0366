#include <ATen/ATen.h>

#include <algorithm>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The axes in another order; those that `order` does not name follow as they were (NVIDIA's Caffe).
class PermuteLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const int axes = bottom[0]->axis_count();
        order_.clear();
        for (const auto axis : parameter_.permute_param().order()) {
            if (axis >= static_cast<std::uint32_t>(axes))
                throw_invalid("order names axis {}; the bottom has {} axes", axis, axes);
            if (std::ranges::count(order_, axis) > 0) throw_invalid("order names axis {} twice", axis);
            order_.push_back(axis);
        }
        for (std::int64_t axis = 0; axis < axes; ++axis)
            if (std::ranges::count(order_, axis) == 0) order_.push_back(axis);
        inverse_.resize(order_.size());
        Shape shape;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            inverse_[static_cast<std::size_t>(order_[i])] = static_cast<std::int64_t>(i);
            shape.push_back(bottom[0]->dim(static_cast<int>(order_[i])));
        }
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(bottom[0]->data().permute(order_).clone(at::MemoryFormat::Contiguous));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (propagate_down[0])
            bottom[0]->set_diff(top[0]->diff().permute(inverse_).clone(at::MemoryFormat::Contiguous));
    }

  private:
    Shape order_, inverse_;
};

}  // namespace

const LayerType kPermuteLayer{"Permute", create_layer<PermuteLayer>};

}  // namespace digits
