#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = 1 where x > threshold, else 0
class ThresholdLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override {
        return at::gt(x, parameter_.threshold_param().threshold()).to(at::kFloat);
    }

    at::Tensor gradient(const at::Tensor&, const at::Tensor&, const at::Tensor&) override {
        throw_invalid("a Threshold layer has no gradient");
    }

  public:
    bool has_gradient(int) const override { return false; }
};

}  // namespace

const LayerType kThresholdLayer{"Threshold", create_layer<ThresholdLayer>};

}  // namespace digits
