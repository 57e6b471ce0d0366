#pragma once

#include <cstdint>

namespace digits {

/// Local response normalisation across channels: s = k + alpha / size · Σ x² over the window, y = x · s^-beta.
struct LrnSettings {
    std::int64_t channels = 0;
    std::int64_t pixels = 0;  ///< of one item
    int size = 5;             ///< of the window; odd
    float alpha = 1, beta = 0.75F, k = 1;
    bool channels_last = false;
};

/// Items [begin, end); keeps s for the gradient.
void lrn_forward(const float* x, float* y, float* s, const LrnSettings& settings, std::int64_t begin, std::int64_t end);
/// dx = dy · s^-beta − (2 · alpha · beta / size) · x · Σ dy · y / s over the window.
void lrn_backward(const float* x, const float* y, const float* s, const float* dy, float* dx,
                  const LrnSettings& settings, std::int64_t begin, std::int64_t end);

}  // namespace digits
