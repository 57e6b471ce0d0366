#include "engine/layers/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = min(max(x, min), max); the gradient passes on the closed interval
class ClipLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::clamp(x, low(), high()); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        return dy * at::logical_and(x >= low(), x <= high());
    }

  private:
    float low() const { return parameter_.clip_param().min(); }
    float high() const { return parameter_.clip_param().max(); }
};

}  // namespace

const LayerType kClipLayer{"Clip", create_layer<ClipLayer>};

}  // namespace digits
