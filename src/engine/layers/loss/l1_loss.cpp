#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Σ |a − b| / N, with a gradient to both (DetectNet's box loss).
class L1LossLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->legacy_dim(0) != bottom[1]->legacy_dim(0) || bottom[0]->count() != bottom[1]->count())
            throw_invalid("both bottoms need as many values an item; got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        difference_ = bottom[0]->data() - bottom[1]->data().reshape(bottom[0]->shape());
        top[0]->set_data(at::abs(difference_).sum() / static_cast<double>(bottom[0]->legacy_dim(0)));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        const at::Tensor slope =
            at::sign(difference_) * (top[0]->diff() / static_cast<double>(bottom[0]->legacy_dim(0)));
        if (propagate_down[0]) bottom[0]->set_diff(slope);
        if (propagate_down[1]) bottom[1]->set_diff((-slope).reshape(bottom[1]->shape()));
    }

  private:
    at::Tensor difference_;
};

}  // namespace

const LayerType kL1LossLayer{"L1Loss", create_layer<L1LossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
