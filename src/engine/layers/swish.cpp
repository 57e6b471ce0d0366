#include "engine/layers/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = x sigmoid(beta x)
class SwishLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return x * at::sigmoid(parameter_.swish_param().beta() * x); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        const float beta = parameter_.swish_param().beta();
        const at::Tensor s = at::sigmoid(beta * x);
        return dy * (s + beta * x * s * (1 - s));
    }
};

}  // namespace

const LayerType kSwishLayer{"Swish", create_layer<SwishLayer>};

}  // namespace digits
