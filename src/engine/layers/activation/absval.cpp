#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = |x|; the gradient at 0 is 0
class AbsValLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::abs(x); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        return dy * at::sign(x);
    }
};

}  // namespace

const LayerType kAbsValLayer{"AbsVal", create_layer<AbsValLayer>};

}  // namespace digits
