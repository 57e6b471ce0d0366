#pragma once

#include <ATen/ATen.h>

#include "engine/net/layer.hpp"

namespace digits {

/// A layer that maps each element on its own, in place or not. In place, the gradient sees the top's values where
/// Caffe's does, too.
class ElementwiseLayer : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        if (top[0] == bottom[0]) {
            apply_in_place(x);
        } else {
            top[0]->set_data(apply(x));
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (propagate_down[0]) bottom[0]->set_diff(gradient(bottom[0]->data(), top[0]->data(), top[0]->diff()));
    }

  protected:
    virtual at::Tensor apply(const at::Tensor& x) = 0;
    virtual void apply_in_place(const at::Tensor& x) { x.copy_(apply(x)); }
    /// dx from x, y and dy.
    virtual at::Tensor gradient(const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy) = 0;
};

}  // namespace digits
