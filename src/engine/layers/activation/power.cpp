#include <cmath>

#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// y = (shift + scale x)^power
class PowerLayer final : public ElementwiseLayer {
  public:
    PowerLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : ElementwiseLayer(parameter, context),
          power_(parameter.power_param().power()),
          scale_(parameter.power_param().scale()),
          shift_(parameter.power_param().shift()) {}

  protected:
    at::Tensor apply(const at::Tensor& x) override {
        if (power_ * scale_ == 0) return at::full_like(x, power_ == 0 ? 1.0 : std::pow(shift_, power_));
        at::Tensor y = scale_ == 1 ? x : x * scale_;
        if (shift_ != 0) y = y + shift_;
        return power_ == 1 ? (y.is_same(x) ? x.clone() : y) : at::pow(y, power_);
    }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy) override {
        const float factor = power_ * scale_;
        if (factor == 0) return at::zeros_like(x);
        if (power_ == 1) return dy * factor;
        if (power_ == 2) return dy * (factor * shift_ + factor * scale_ * x);
        if (shift_ == 0) return dy * (power_ * y / x);
        return dy * (factor * y / (shift_ + scale_ * x));
    }

  private:
    const float power_, scale_, shift_;
};

}  // namespace

const LayerType kPowerLayer{"Power", create_layer<PowerLayer>};

}  // namespace digits
