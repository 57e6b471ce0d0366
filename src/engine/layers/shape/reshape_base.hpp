#pragma once

#include <ATen/ATen.h>

#include "engine/net/layer.hpp"

namespace digits {

/// Layers that give the same values another shape: data and diff are shared.
class ReshapeBase : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (top[0] == bottom[0]) throw_invalid("{} cannot work in place", parameter_.type());
        top[0]->reshape(new_shape(*bottom[0]));
    }
    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(bottom[0]->data().contiguous().view(top[0]->shape()));
    }
    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (propagate_down[0]) bottom[0]->set_diff(top[0]->diff().contiguous().view(bottom[0]->shape()));
    }

  protected:
    virtual Shape new_shape(const Blob& bottom) const = 0;
};

}  // namespace digits
