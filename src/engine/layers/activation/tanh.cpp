#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = tanh x
class TanHLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::tanh(x); }

    at::Tensor gradient(const at::Tensor&, const at::Tensor& y, const at::Tensor& dy) override {
        return dy * (1 - y * y);
    }
};

}  // namespace

const LayerType kTanHLayer{"TanH", create_layer<TanHLayer>};

}  // namespace digits
