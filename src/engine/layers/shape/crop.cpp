#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The part of bottom 0 that has bottom 1's size in the axes from `axis` on, starting at the offsets.
class CropLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& crop = parameter_.crop_param();
        const int axes = bottom[0]->axis_count();
        if (bottom[1]->axis_count() < axes)
            throw_invalid("bottom 1 needs at least the {} axes of bottom 0; got {}", axes, bottom[1]->axis_count());
        const int first = canonical_axis(crop.axis(), axes, "axis");
        if (crop.offset_size() > 1 && crop.offset_size() != axes - first)
            throw_invalid("give no offset, one, or one for each of the {} cropped axes; got {}", axes - first,
                          crop.offset_size());
        Shape shape = bottom[0]->shape();
        offsets_.assign(shape.size(), 0);
        for (int axis = first; axis < axes; ++axis) {
            const auto i = static_cast<std::size_t>(axis);
            if (crop.offset_size() > 0) offsets_[i] = crop.offset(crop.offset_size() == 1 ? 0 : axis - first);
            shape[i] = bottom[1]->dim(axis);
            if (offsets_[i] + shape[i] > bottom[0]->dim(axis))
                throw_invalid("axis {}: offset {} plus size {} goes past the bottom's {}", axis, offsets_[i], shape[i],
                              bottom[0]->dim(axis));
        }
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        // A copy, always: a crop of everything would share the bottom's memory.
        top[0]->set_data(part(bottom[0]->data(), top[0]->shape()).clone(at::MemoryFormat::Contiguous));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dx = at::zeros_like(bottom[0]->data());
        part(dx, top[0]->shape()).copy_(top[0]->diff());
        bottom[0]->set_diff(dx);
    }

  private:
    at::Tensor part(at::Tensor whole, const Shape& shape) const {
        for (std::size_t i = 0; i < shape.size(); ++i)
            whole = whole.narrow(static_cast<std::int64_t>(i), offsets_[i], shape[i]);
        return whole;
    }

    Shape offsets_;
};

}  // namespace

const LayerType kCropLayer{"Crop", create_layer<CropLayer>, 2, 2, 1, 1};

}  // namespace digits
