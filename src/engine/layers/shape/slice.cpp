#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Cuts a blob along an axis, at the slice points or into equal parts.
class SliceLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& slice = parameter_.slice_param();
        if (slice.has_axis() && slice.has_slice_dim()) throw_invalid("give axis or the old slice_dim, not both");
        const int axes = bottom[0]->axis_count();
        axis_ = slice.has_slice_dim() ? canonical_axis(static_cast<int>(slice.slice_dim()), axes, "slice_dim")
                                      : canonical_axis(slice.axis(), axes, "axis");
        const std::int64_t size = bottom[0]->dim(axis_);
        const auto tops = static_cast<std::int64_t>(top.size());
        starts_.assign(1, 0);
        if (slice.slice_point_size() > 0) {
            if (slice.slice_point_size() != tops - 1)
                throw_invalid("{} tops need {} slice points; got {}", tops, tops - 1, slice.slice_point_size());
            for (const auto point : slice.slice_point()) {
                if (static_cast<std::int64_t>(point) <= starts_.back())
                    throw_invalid("slice points must grow; {} follows {}", point, starts_.back());
                starts_.push_back(point);
            }
            // At the end itself the last top is empty, as in Caffe.
            if (starts_.back() > size)
                throw_invalid("slice point {} lies outside axis {} of size {}", starts_.back(), axis_, size);
        } else {
            if (size % tops != 0)
                throw_invalid("axis {} of size {} cannot be cut into {} equal parts; give slice points", axis_, size,
                              tops);
            for (std::int64_t i = 1; i < tops; ++i) starts_.push_back(i * size / tops);
        }
        starts_.push_back(size);
        for (std::size_t i = 0; i < top.size(); ++i) {
            Shape shape = bottom[0]->shape();
            shape[static_cast<std::size_t>(axis_)] = starts_[i + 1] - starts_[i];
            top[i]->reshape(shape);
        }
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        if (top.size() == 1) {
            top[0]->set_data(bottom[0]->data());
            return;
        }
        for (std::size_t i = 0; i < top.size(); ++i)
            top[i]->set_data(bottom[0]
                                 ->data()
                                 .narrow(axis_, starts_[i], starts_[i + 1] - starts_[i])
                                 .clone(at::MemoryFormat::Contiguous));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        std::vector<at::Tensor> parts;
        for (const Blob* one : top) parts.push_back(one->diff());
        bottom[0]->set_diff(at::cat(parts, axis_));
    }

  private:
    int axis_ = 1;
    std::vector<std::int64_t> starts_;  // of each top, and the end
};

}  // namespace

const LayerType kSliceLayer{"Slice", create_layer<SliceLayer>, 1, 1, 1, kAnyCount};

}  // namespace digits
