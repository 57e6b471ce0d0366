#include <ATen/Parallel.h>

#include "engine/layers/activation/elementwise.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/types.hpp"
#include "kernels/elementwise/channels.hpp"

namespace digits {
namespace {

/// y = min(max(x, min), max); the gradient passes on the closed interval
class ClipLayer final : public ElementwiseLayer {
  public:
    using ElementwiseLayer::ElementwiseLayer;

    bool takes_low_precision() const override { return true; }

  protected:
    at::Tensor apply(const at::Tensor& x) override { return at::clamp(x, low(), high()); }
    void apply_in_place(const at::Tensor& x) override { x.clamp_(low(), high()); }

    at::Tensor gradient(const at::Tensor& x, const at::Tensor&, const at::Tensor& dy) override {
        if (!on_cpu() || !walk_alike(dy, x)) return dy * at::logical_and(x >= low(), x <= high());
        const at::Tensor dx = at::empty_like(dy);
        with_stored_type(x, [&]<class T>(T) {
            at::parallel_for(0, x.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
                clip_gradient(stored<T>(dy) + begin, stored<T>(x) + begin, low(), high(), stored<T>(dx) + begin,
                              end - begin);
            });
        });
        return dx;
    }

  private:
    float low() const { return parameter_.clip_param().min(); }
    float high() const { return parameter_.clip_param().max(); }
};

}  // namespace

const LayerType kClipLayer{"Clip", create_layer<ClipLayer>};

}  // namespace digits
