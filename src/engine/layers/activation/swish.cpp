#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = x sigmoid(beta x)
class SwishLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override {
        sigmoid_ = at::sigmoid(parameter_.swish_param().beta() * x);
        return x * sigmoid_;
    }

    at::Tensor gradient(const at::Tensor&, const at::Tensor& y, const at::Tensor& dy) override {
        const at::Tensor scaled = parameter_.swish_param().beta() * y;
        return dy * (scaled + sigmoid_ * (1 - scaled));
    }

  private:
    at::Tensor sigmoid_;  // in place, the bottom's values are gone by the time of backward
};

}  // namespace

const LayerType kSwishLayer{"Swish", create_layer<SwishLayer>};

}  // namespace digits
