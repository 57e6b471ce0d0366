#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Bilinear interpolation whose corners are those of the bottom (DeepLab and PSPNet), to height and width, to those of
/// a second bottom, or by shrink_factor and then zoom_factor. pad_beg and pad_end below 0 cut the bottom first.
class InterpLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const auto& how = parameter_.interp_param();
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom must be N x channels x H x W; got {}", shape_text(bottom[0]->shape()));
        if (how.pad_beg() > 0 || how.pad_end() > 0)
            throw_invalid("pad_beg and pad_end may only cut: at most 0; got {} and {}", how.pad_beg(), how.pad_end());
        if (how.shrink_factor() < 1 || how.zoom_factor() < 1)
            throw_invalid("shrink_factor and zoom_factor must be positive; got {} and {}", how.shrink_factor(),
                          how.zoom_factor());
        for (int axis = 2; axis < 4; ++axis) {
            const auto i = static_cast<std::size_t>(axis - 2);
            inner_[i] = bottom[0]->dim(axis) + how.pad_beg() + how.pad_end();
            if (inner_[i] < 1) throw_invalid("pad_beg and pad_end leave nothing of {}", bottom[0]->dim(axis));
            const std::int64_t given = axis == 2 ? how.height() : how.width();
            size_[i] = (inner_[i] - 1) / how.shrink_factor() + 1;
            size_[i] += (size_[i] - 1) * (how.zoom_factor() - 1);
            if (given > 0) size_[i] = given;
            if (bottom.size() > 1) size_[i] = bottom[1]->legacy_dim(axis);
        }
        top[0]->reshape({bottom[0]->dim(0), bottom[0]->dim(1), size_[0], size_[1]});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t begin = -parameter_.interp_param().pad_beg();
        const at::Tensor x = bottom[0]->data().narrow(2, begin, inner_[0]).narrow(3, begin, inner_[1]);
        top[0]->set_data(at::upsample_bilinear2d(x.contiguous(), size_, true));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const auto& how = parameter_.interp_param();
        const Shape shape{bottom[0]->dim(0), bottom[0]->dim(1), inner_[0], inner_[1]};
        const at::Tensor dx = at::upsample_bilinear2d_backward(top[0]->diff().contiguous(), size_, shape, true);
        bottom[0]->set_diff(
            at::constant_pad_nd(dx, {-how.pad_beg(), -how.pad_end(), -how.pad_beg(), -how.pad_end()}).contiguous());
    }

  private:
    Shape inner_{0, 0}, size_{0, 0};  // height, width
};

}  // namespace

const LayerType kInterpLayer{"Interp", create_layer<InterpLayer>, 1, 2, 1, 1};

}  // namespace digits
