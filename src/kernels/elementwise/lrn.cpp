#include "kernels/elementwise/lrn.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

std::int64_t half_window(const LrnSettings& set) { return (set.size - 1) / 2; }

/// out[i] = in[i] ^ -beta for positive values.
DIGITS_KERNEL_INLINE void negative_power(const float* __restrict in, float* __restrict out, std::int64_t n,
                                         float beta) {
    if (beta == 0.75F) {
        for (std::int64_t i = 0; i < n; ++i) {
            const float root = 1.0F / std::sqrt(in[i]);
            out[i] = root * std::sqrt(root);
        }
    } else {
        for (std::int64_t i = 0; i < n; ++i) out[i] = std::pow(in[i], -beta);
    }
}

/// sum[c] = Σ in[c + d] for 0 <= d < size; `in` is padded with half a window of zeros on both sides.
DIGITS_KERNEL_INLINE void window_sum(const float* __restrict in, float* __restrict sum, std::int64_t n, int size) {
    for (std::int64_t i = 0; i < n; ++i) sum[i] = in[i];
    for (int d = 1; d < size; ++d)
        for (std::int64_t i = 0; i < n; ++i) sum[i] += in[i + d];
}

/// `channels` values with half a window of zeros on both sides, at the beginning of the workspace.
DIGITS_KERNEL_INLINE float* padded_row(const LrnSettings& set, float* workspace) {
    std::fill_n(workspace, set.channels + 2 * half_window(set), 0.0F);
    return workspace;
}

DIGITS_KERNEL_INLINE void forward(const float* x, float* y, float* s, const LrnSettings& set, std::int64_t pixels,
                                  float* workspace) {
    const std::int64_t channels = set.channels;
    float* squares = padded_row(set, workspace);
    float* power = squares + channels + 2 * half_window(set);
    float* square = squares + half_window(set);
    const float factor = set.alpha / static_cast<float>(set.size);
    for (std::int64_t p = 0; p < pixels; ++p, x += channels, y += channels, s += channels) {
        for (std::int64_t c = 0; c < channels; ++c) square[c] = x[c] * x[c];
        window_sum(squares, s, channels, set.size);
        for (std::int64_t c = 0; c < channels; ++c) s[c] = set.k + factor * s[c];
        negative_power(s, power, channels, set.beta);
        for (std::int64_t c = 0; c < channels; ++c) y[c] = x[c] * power[c];
    }
}

DIGITS_KERNEL_INLINE void backward(const float* x, const float* y, const float* s, const float* dy, float* dx,
                                   const LrnSettings& set, std::int64_t pixels, float* workspace) {
    const std::int64_t channels = set.channels;
    float* ratios = padded_row(set, workspace);
    float* sum = ratios + channels + 2 * half_window(set);
    float* power = sum + channels;
    float* ratio = ratios + half_window(set);
    const float factor = 2 * set.alpha * set.beta / static_cast<float>(set.size);
    for (std::int64_t p = 0; p < pixels;
         ++p, x += channels, y += channels, s += channels, dy += channels, dx += channels) {
        for (std::int64_t c = 0; c < channels; ++c) ratio[c] = dy[c] * y[c] / s[c];
        window_sum(ratios, sum, channels, set.size);
        negative_power(s, power, channels, set.beta);
        for (std::int64_t c = 0; c < channels; ++c) dx[c] = dy[c] * power[c] - factor * x[c] * sum[c];
    }
}

}  // namespace

std::int64_t lrn_workspace(const LrnSettings& set) { return 3 * set.channels + 2 * half_window(set); }

void lrn_forward(const float* x, float* y, float* s, const LrnSettings& set, std::int64_t begin, std::int64_t end,
                 float* workspace) {
    const std::int64_t offset = begin * set.channels;
    dispatch([&]() DIGITS_INLINE_LAMBDA { forward(x + offset, y + offset, s + offset, set, end - begin, workspace); });
}

void lrn_backward(const float* x, const float* y, const float* s, const float* dy, float* dx, const LrnSettings& set,
                  std::int64_t begin, std::int64_t end, float* workspace) {
    const std::int64_t offset = begin * set.channels;
    dispatch([&]() DIGITS_INLINE_LAMBDA {
        backward(x + offset, y + offset, s + offset, dy + offset, dx + offset, set, end - begin, workspace);
    });
}

}  // namespace digits
