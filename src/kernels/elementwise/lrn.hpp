#pragma once

#include <cstdint>

namespace digits {

/// Local response normalization across channels in fp32: s = k + alpha / size · Σ x² over the window of channels,
/// y = x · s^-beta. Arrays are channels-last, (pixels, channels).
struct LrnSettings {
    std::int64_t channels = 0;
    int size = 5;  ///< of the window; odd
    float alpha = 1, beta = 0.75F, k = 1;
};

/// Floats of workspace that each thread needs, forward or backward.
std::int64_t lrn_workspace(const LrnSettings& settings);

/// The pixels [begin, end); stores s for the gradient.
void lrn_forward(const float* x, float* y, float* s, const LrnSettings& settings, std::int64_t begin, std::int64_t end,
                 float* workspace);
/// dx = dy · s^-beta − (2 · alpha · beta / size) · x · Σ dy · y / s over the window.
void lrn_backward(const float* x, const float* y, const float* s, const float* dy, float* dx,
                  const LrnSettings& settings, std::int64_t begin, std::int64_t end, float* workspace);

}  // namespace digits
