#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = ln(1 + e^x); the gradient stops growing at x = 50
class BNLLLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::clamp_min(x, 0) + at::log1p(at::exp(-at::abs(x))); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        const at::Tensor e = at::exp(at::clamp_max(x, 50));
        return dy * e / (e + 1);
    }
};

}  // namespace

const LayerType kBNLLLayer{"BNLL", create_layer<BNLLLayer>};

}  // namespace digits
