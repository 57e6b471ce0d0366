#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Sum, sum of absolute values, sum of squares or mean over `axis` and all that follow, times coeff.
class ReductionLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        axis_ = canonical_axis(parameter_.reduction_param().axis(), bottom[0]->axis_count(), "axis");
        top[0]->reshape(Shape(bottom[0]->shape().begin(), bottom[0]->shape().begin() + axis_));
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = rows(bottom[0]->data(), *bottom[0]);
        const float coefficient = parameter_.reduction_param().coeff();
        at::Tensor y;
        switch (parameter_.reduction_param().operation()) {
            case caffe::ReductionParameter::ASUM: y = at::abs(x).sum(1); break;
            case caffe::ReductionParameter::SUMSQ: y = (x * x).sum(1); break;
            case caffe::ReductionParameter::MEAN: y = x.mean(1); break;
            default: y = x.sum(1); break;
        }
        top[0]->set_data((y * coefficient).view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor x = rows(bottom[0]->data(), *bottom[0]);
        const at::Tensor dy = top[0]->diff().reshape({-1, 1}) * parameter_.reduction_param().coeff();
        at::Tensor dx;
        switch (parameter_.reduction_param().operation()) {
            case caffe::ReductionParameter::ASUM: dx = dy * at::sign(x); break;
            case caffe::ReductionParameter::SUMSQ: dx = dy * 2 * x; break;
            case caffe::ReductionParameter::MEAN: dx = (dy / x.size(1)).expand_as(x); break;
            default: dx = dy.expand_as(x); break;
        }
        bottom[0]->set_diff(dx.contiguous().view(bottom[0]->shape()));
    }

  private:
    at::Tensor rows(const at::Tensor& x, const Blob& bottom) const {
        return x.reshape({bottom.count(0, axis_), bottom.count(axis_)});
    }

    int axis_ = 0;
};

}  // namespace

const LayerType kReductionLayer{"Reduction", create_layer<ReductionLayer>};

}  // namespace digits
