#include <ATen/ATen.h>

#include "engine/layers/loss/labels.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// −Σ ln max(p_label, 1e-20) / N over probabilities.
class MultinomialLogisticLossLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int bottom) const override { return bottom == 0; }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[1]->count() != bottom[0]->legacy_dim(0))
            throw_invalid("{} items need as many labels; got {}", bottom[0]->legacy_dim(0),
                          shape_text(bottom[1]->shape()));
        top[0]->reshape({});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const std::int64_t items = bottom[0]->dim(0), classes = bottom[0]->count(1);
        labels_ = class_indices(*bottom[1], items, 1, classes, std::nullopt).index.view({items, 1});
        const at::Tensor p = bottom[0]->data().reshape({items, classes}).gather(1, labels_);
        top[0]->set_data(at::log(at::clamp_min(p, 1e-20)).sum() / -static_cast<double>(items));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor p = bottom[0]->data().reshape({bottom[0]->dim(0), -1});
        const at::Tensor slope =
            -top[0]->diff() / static_cast<double>(p.size(0)) / at::clamp_min(p.gather(1, labels_), 1e-20);
        bottom[0]->set_diff(at::zeros_like(p).scatter(1, labels_, slope).view(bottom[0]->shape()));
    }

  private:
    at::Tensor labels_;  // (N, 1)
};

}  // namespace

const LayerType kMultinomialLogisticLossLayer{
    "MultinomialLogisticLoss", create_layer<MultinomialLogisticLossLayer>, 2, 2, 1, 1, true};

}  // namespace digits
