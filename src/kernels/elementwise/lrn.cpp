#include "kernels/elementwise/lrn.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/isa/simd.hpp"

namespace digits {
namespace {

constexpr std::int64_t kBlock = 256;  // pixels that are worked on together, so that their rows stay in the cache

/// out[i] = in[i] ^ -beta for positive values.
__attribute__((always_inline)) inline void negative_power(const float* __restrict in, float* __restrict out,
                                                          std::int64_t n, float beta) {
    if (beta == 0.75F) {
        for (std::int64_t i = 0; i < n; ++i) {
            const float root = 1.0F / std::sqrt(in[i]);
            out[i] = root * std::sqrt(root);
        }
    } else {
        for (std::int64_t i = 0; i < n; ++i) out[i] = std::pow(in[i], -beta);
    }
}

/// sum[c] = Σ in[c + d], |d| <= half; `in` has `half` zeros on both sides.
__attribute__((always_inline)) inline void window_sum(const float* __restrict in, float* __restrict sum, std::int64_t n,
                                                      int size) {
    for (std::int64_t i = 0; i < n; ++i) sum[i] = in[i];
    for (int d = 1; d < size; ++d)
        for (std::int64_t i = 0; i < n; ++i) sum[i] += in[i + d];
}

}  // namespace

DIGITS_KERNEL
static void forward_last(const float* x, float* y, float* s, const LrnSettings& set, std::int64_t pixels) {
    const std::int64_t channels = set.channels;
    const int half = (set.size - 1) / 2;
    std::vector<float> squares(static_cast<std::size_t>(channels + 2 * half), 0.0F),
        power(static_cast<std::size_t>(channels));
    const float factor = set.alpha / static_cast<float>(set.size);
    for (std::int64_t p = 0; p < pixels; ++p, x += channels, y += channels, s += channels) {
        float* square = squares.data() + half;
        for (std::int64_t c = 0; c < channels; ++c) square[c] = x[c] * x[c];
        window_sum(squares.data(), s, channels, set.size);
        for (std::int64_t c = 0; c < channels; ++c) s[c] = set.k + factor * s[c];
        negative_power(s, power.data(), channels, set.beta);
        for (std::int64_t c = 0; c < channels; ++c) y[c] = x[c] * power[static_cast<std::size_t>(c)];
    }
}

DIGITS_KERNEL
static void backward_last(const float* x, const float* y, const float* s, const float* dy, float* dx,
                          const LrnSettings& set, std::int64_t pixels) {
    const std::int64_t channels = set.channels;
    const int half = (set.size - 1) / 2;
    std::vector<float> ratios(static_cast<std::size_t>(channels + 2 * half), 0.0F),
        sums(static_cast<std::size_t>(channels)), powers(sums.size());
    const float factor = 2 * set.alpha * set.beta / static_cast<float>(set.size);
    for (std::int64_t p = 0; p < pixels;
         ++p, x += channels, y += channels, s += channels, dy += channels, dx += channels) {
        float* ratio = ratios.data() + half;
        for (std::int64_t c = 0; c < channels; ++c) ratio[c] = dy[c] * y[c] / s[c];
        window_sum(ratios.data(), sums.data(), channels, set.size);
        negative_power(s, powers.data(), channels, set.beta);
        const float* sum = sums.data();
        const float* power = powers.data();
        for (std::int64_t c = 0; c < channels; ++c) dx[c] = dy[c] * power[c] - factor * x[c] * sum[c];
    }
}

/// `n` pixels of one item, channel planes `stride` apart.
DIGITS_KERNEL
static void forward_planes(const float* x, float* y, float* s, const LrnSettings& set, std::int64_t stride,
                           std::int64_t n) {
    const int half = (set.size - 1) / 2;
    const float factor = set.alpha / static_cast<float>(set.size);
    float sum[kBlock], power[kBlock];
    for (std::int64_t c = 0; c < set.channels; ++c) {
        std::fill(sum, sum + n, 0.0F);
        for (std::int64_t d = std::max<std::int64_t>(0, c - half); d <= std::min(set.channels - 1, c + half); ++d) {
            const float* row = x + d * stride;
            for (std::int64_t p = 0; p < n; ++p) sum[p] += row[p] * row[p];
        }
        float* scale = s + c * stride;
        for (std::int64_t p = 0; p < n; ++p) scale[p] = set.k + factor * sum[p];
        negative_power(scale, power, n, set.beta);
        for (std::int64_t p = 0; p < n; ++p) y[c * stride + p] = x[c * stride + p] * power[p];
    }
}

DIGITS_KERNEL
static void backward_planes(const float* x, const float* y, const float* s, const float* dy, float* dx,
                            const LrnSettings& set, std::int64_t stride, std::int64_t n, float* ratios) {
    const int half = (set.size - 1) / 2;
    const float factor = 2 * set.alpha * set.beta / static_cast<float>(set.size);
    float sum[kBlock], power[kBlock];
    for (std::int64_t c = 0; c < set.channels; ++c)
        for (std::int64_t p = 0; p < n; ++p)
            ratios[c * kBlock + p] = dy[c * stride + p] * y[c * stride + p] / s[c * stride + p];
    for (std::int64_t c = 0; c < set.channels; ++c) {
        std::fill(sum, sum + n, 0.0F);
        for (std::int64_t d = std::max<std::int64_t>(0, c - half); d <= std::min(set.channels - 1, c + half); ++d) {
            const float* row = ratios + d * kBlock;
            for (std::int64_t p = 0; p < n; ++p) sum[p] += row[p];
        }
        negative_power(s + c * stride, power, n, set.beta);
        for (std::int64_t p = 0; p < n; ++p) {
            const std::int64_t i = c * stride + p;
            dx[i] = dy[i] * power[p] - factor * x[i] * sum[p];
        }
    }
}

void lrn_forward(const float* x, float* y, float* s, const LrnSettings& set, std::int64_t begin, std::int64_t end) {
    const std::int64_t item_size = set.channels * set.pixels;
    if (set.channels_last) {
        const std::int64_t offset = begin * item_size;
        forward_last(x + offset, y + offset, s + offset, set, (end - begin) * set.pixels);
        return;
    }
    for (std::int64_t item = begin; item < end; ++item)
        for (std::int64_t p = 0; p < set.pixels; p += kBlock) {
            const std::int64_t offset = item * item_size + p;
            forward_planes(x + offset, y + offset, s + offset, set, set.pixels, std::min(kBlock, set.pixels - p));
        }
}

void lrn_backward(const float* x, const float* y, const float* s, const float* dy, float* dx, const LrnSettings& set,
                  std::int64_t begin, std::int64_t end) {
    const std::int64_t item_size = set.channels * set.pixels;
    if (set.channels_last) {
        const std::int64_t offset = begin * item_size;
        backward_last(x + offset, y + offset, s + offset, dy + offset, dx + offset, set, (end - begin) * set.pixels);
        return;
    }
    std::vector<float> ratios(static_cast<std::size_t>(set.channels * kBlock));
    for (std::int64_t item = begin; item < end; ++item)
        for (std::int64_t p = 0; p < set.pixels; p += kBlock) {
            const std::int64_t offset = item * item_size + p;
            backward_planes(x + offset, y + offset, s + offset, dy + offset, dx + offset, set, set.pixels,
                            std::min(kBlock, set.pixels - p), ratios.data());
        }
}

}  // namespace digits
