#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = x where x > 0, else alpha (e^x - 1)
class ELULayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override {
        const float alpha = parameter_.elu_param().alpha();
        return at::where(x > 0, x, alpha * at::expm1(at::clamp_max(x, 0)));
    }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy) override {
        const float alpha = parameter_.elu_param().alpha();
        return at::where(x > 0, dy, dy * (alpha + y));
    }
};

}  // namespace

const LayerType kELULayer{"ELU", create_layer<ELULayer>};

}  // namespace digits
