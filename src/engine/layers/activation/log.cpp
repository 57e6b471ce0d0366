#include <cmath>

#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = log_base(shift + scale x)
class LogLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::log(shift() + scale() * x) / rate(); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        return dy * (scale() / rate()) / (shift() + scale() * x);
    }

  private:
    /// ln of the base; -1 stands for e.
    float rate() const {
        const float base = parameter_.log_param().base();
        if (base != -1.0F && (base <= 0 || base == 1))
            throw_invalid("base must be positive and not 1, or -1 for e; got {}", base);
        return base == -1.0F ? 1.0F : std::log(base);
    }
    float shift() const { return parameter_.log_param().shift(); }
    float scale() const { return parameter_.log_param().scale(); }
};

}  // namespace

const LayerType kLogLayer{"Log", create_layer<LogLayer>};

}  // namespace digits
