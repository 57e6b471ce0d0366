#include <cmath>

#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = base^(shift + scale x)
class ExpLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::exp(rate() * (shift() + scale() * x)); }

    at::Tensor gradient(const at::Tensor&, const at::Tensor& y, const at::Tensor& dy) override {
        return dy * y * (rate() * scale());
    }

  private:
    /// ln of the base; -1 stands for e.
    float rate() const {
        const float base = parameter_.exp_param().base();
        if (base != -1.0F && base <= 0) throw_invalid("base must be positive, or -1 for e; got {}", base);
        return base == -1.0F ? 1.0F : std::log(base);
    }
    float shift() const { return parameter_.exp_param().shift(); }
    float scale() const { return parameter_.exp_param().scale(); }
};

}  // namespace

const LayerType kExpLayer{"Exp", create_layer<ExpLayer>};

}  // namespace digits
