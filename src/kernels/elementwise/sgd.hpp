#pragma once

#include <cstdint>

namespace digits {

/// One pass over a parameter: g = diff · scale + decay · w (or decay · sign(w) with `l1`); h = rate · g + momentum · h;
/// w −= h, or for Nesterov w −= (1 + momentum) · h_new − momentum · h_old.
struct SgdSettings {
    float rate = 0, momentum = 0, decay = 0, scale = 1;
    bool l1 = false, nesterov = false;
};
void sgd_update(float* w, const float* diff, float* h, const SgdSettings& settings, std::int64_t begin,
                std::int64_t end);

}  // namespace digits
