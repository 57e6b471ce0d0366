#include <ATen/ATen.h>

#include <algorithm>
#include <cfloat>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// x / √(Σx² + eps), the sum over an item or over the channels of each pixel, times a learned scale for all or for each
/// channel (NVIDIA's Caffe).
class NormalizeLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& norm = parameter_.norm_param();
        if (bottom[0]->axis_count() < 2)
            throw_invalid("the bottom needs at least 2 axes; got {}", bottom[0]->axis_count());
        caffe::FillerParameter filler;
        filler.set_value(1);
        if (norm.has_scale_filler()) filler = norm.scale_filler();
        add_blob(norm.channel_shared() ? Shape{} : Shape{bottom[0]->dim(1)}, filler);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const Shape& scale = blobs()[0]->shape();
        if (!scale.empty() && scale[0] != bottom[0]->dim(1))
            throw_invalid("the bottom must keep {} channels; it has now {}", scale[0], bottom[0]->dim(1));
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
        summed_ = {1};
        if (parameter_.norm_param().across_spatial())
            for (int axis = 2; axis < bottom[0]->axis_count(); ++axis) summed_.push_back(axis);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        norm_ = at::sqrt((x * x).sum(summed_, true) + std::max(parameter_.norm_param().eps(), FLT_MIN));
        unit_ = x / norm_;
        top[0]->set_data(unit_ * scale());
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor dy = top[0]->diff();
        if (wants_gradient(0)) {
            const at::Tensor da = dy * unit_;
            Shape others{0};
            for (std::int64_t axis = 2; axis < dy.dim(); ++axis) others.push_back(axis);
            blobs()[0]->accumulate_diff(blobs()[0]->axis_count() == 0 ? da.sum() : da.sum(others));
        }
        if (!propagate_down[0]) return;
        const at::Tensor g = dy * scale();
        bottom[0]->set_diff((g - unit_ * (g * unit_).sum(summed_, true)) / norm_);
    }

  private:
    at::Tensor scale() {
        const at::Tensor scale = blobs()[0]->data();
        if (scale.dim() == 0) return scale;
        Shape shape(static_cast<std::size_t>(unit_.dim()), 1);
        shape[1] = scale.size(0);
        return scale.view(shape);
    }

    Shape summed_;  // axes
    at::Tensor norm_, unit_;
};

}  // namespace

const LayerType kNormalizeLayer{"Normalize", create_layer<NormalizeLayer>};

}  // namespace digits
