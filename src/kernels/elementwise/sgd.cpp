#include "kernels/elementwise/sgd.hpp"

#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

DIGITS_KERNEL_INLINE void update(float* __restrict w, const float* __restrict diff, float* __restrict h,
                                 const SgdSettings& settings, std::int64_t begin, std::int64_t end) {
    const float rate = settings.rate, momentum = settings.momentum, decay = settings.decay, scale = settings.scale;
    if (settings.l1 || settings.nesterov) {
        for (std::int64_t i = begin; i < end; ++i) {
            const float sign = w[i] > 0 ? 1.0F : (w[i] < 0 ? -1.0F : 0.0F);
            const float g = diff[i] * scale + decay * (settings.l1 ? sign : w[i]);
            const float old = h[i];
            h[i] = rate * g + momentum * old;
            w[i] -= settings.nesterov ? (1 + momentum) * h[i] - momentum * old : h[i];
        }
        return;
    }
    for (std::int64_t i = begin; i < end; ++i) {
        const float g = diff[i] * scale + decay * w[i];
        h[i] = rate * g + momentum * h[i];
        w[i] -= h[i];
    }
}

}  // namespace

void sgd_update(float* w, const float* diff, float* h, const SgdSettings& settings, std::int64_t begin,
                std::int64_t end) {
    dispatch([&]() DIGITS_INLINE_LAMBDA { update(w, diff, h, settings, begin, end); });
}

}  // namespace digits
