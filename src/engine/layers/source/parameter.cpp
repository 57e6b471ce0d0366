#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// A learned blob without bottoms.
class ParameterLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& shape = parameter_.parameter_param().shape();
        add_blob(Shape(shape.dim().begin(), shape.dim().end()), {});
        top[0]->reshape(blobs()[0]->shape());
    }
    void reshape(const Blobs&, const Blobs&) override {}
    void forward(const Blobs&, const Blobs& top) override { top[0]->set_data(blobs()[0]->data()); }
    void backward(const Blobs& top, const std::vector<bool>&, const Blobs&) override {
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(top[0]->diff().clone());
    }
};

}  // namespace

const LayerType kParameterLayer{"Parameter", create_layer<ParameterLayer>, 0, 0, 1, 1};

}  // namespace digits
