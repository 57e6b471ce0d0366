#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = 1 / (1 + e^-x)
class SigmoidLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::sigmoid(x); }

    at::Tensor gradient(const at::Tensor&, const at::Tensor& y, const at::Tensor& dy) override {
        return dy * y * (1 - y);
    }
};

}  // namespace

const LayerType kSigmoidLayer{"Sigmoid", create_layer<SigmoidLayer>};

}  // namespace digits
