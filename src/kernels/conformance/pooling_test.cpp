#include <cfloat>

#include "kernels/conformance/conformance.hpp"
#include "kernels/pooling/max_pool.hpp"

namespace digits {
namespace {

/// Gradients of overlapping windows are sums.
constexpr double kTolerance = 5e-7;

class MaxPool : public Kernels {};

/// Windows that overlap, are side by side, leave pixels out, end outside the image, and have no pixels at all.
std::vector<PoolingWindow> windows() {
    std::vector<PoolingWindow> all{
        {{9, 3, 2, 1, 5}, {7, 3, 2, 0, 3}},   {{8, 2, 2, 0, 4}, {6, 2, 2, 0, 3}},   {{7, 2, 2, 0, 3}, {8, 2, 3, 0, 3}},
        {{7, 2, 2, 0, 4}, {5, 3, 3, 1, 2}},   {{6, 2, 2, 0, 3}, {5, 3, 2, 0, 2}},   {{1, 1, 1, 0, 1}, {1, 1, 1, 0, 1}},
        {{2, 3, 1, 1, 2}, {19, 3, 1, 1, 19}}, {{4, 2, 5, 0, 1}, {37, 3, 2, 1, 19}}, {{5, 1, 3, 0, 2}, {3, 1, 4, 0, 2}}};
    return all;
}

/// Calls use(output index, input index) for the pixels of all windows, row by row; planes of one channel.
template <class Use>
void for_windows(const PoolingWindow& window, const Use& use) {
    for (std::int64_t i = 0; i < window.y.outputs; ++i)
        for (std::int64_t j = 0; j < window.x.outputs; ++j)
            for (std::int64_t h = window.y.first(i); h < window.y.last(i); ++h)
                for (std::int64_t w = window.x.first(j); w < window.x.last(j); ++w)
                    use(i * window.x.outputs + j, h * window.x.size + w);
}

/// `planes`: of (planes, height, width), else channels-last.
template <class T>
void check(const PoolingWindow& window, std::int64_t items, std::int64_t channels, bool planes) {
    const std::int64_t inputs = window.y.size * window.x.size, outputs = window.y.outputs * window.x.outputs;
    auto x = random_values<T>(items * channels * inputs, 1);
    // Ties: the first maximum counts.
    for (std::int64_t i = 0; i < x.size(); i += 3) store(x[i], 0.75F);
    const auto dy = random_values<T>(items * channels * outputs, 2);
    const auto at = [&](std::int64_t item, std::int64_t channel, std::int64_t pixel, std::int64_t pixels) {
        return planes ? (item * channels + channel) * pixels + pixel : (item * pixels + pixel) * channels + channel;
    };
    Buffer<T> y(dy.size()), dx(x.size());
    Buffer<std::int32_t> mask(dy.size());
    if constexpr (std::is_same_v<T, float>) {
        if (planes) {
            for (std::int64_t plane = items * channels; plane-- > 0;)
                max_pool_planes(x.data(), y.data(), mask.data(), window, plane, plane + 1);
            max_pool_planes_backward(dy.data(), mask.data(), dx.data(), window, 0, items * channels);
        }
    }
    if (!planes) {
        Buffer<float> workspace(max_pool_workspace<T>(window, channels));
        for (std::int64_t item = items; item-- > 0;) {
            max_pool_channels_last(x.data(), y.data(), mask.data(), window, channels, item, item + 1);
            max_pool_channels_last_backward(dy.data(), mask.data(), dx.data(), window, channels, item, item + 1,
                                            workspace.data());
        }
    }
    Expected want_dx(x.size());
    for (std::int64_t item = 0; item < items; ++item)
        for (std::int64_t channel = 0; channel < channels; ++channel) {
            std::vector<std::int64_t> best(static_cast<std::size_t>(outputs), -1);
            for_windows(window, [&](std::int64_t output, std::int64_t input) {
                auto& one = best[static_cast<std::size_t>(output)];
                if (one < 0 || load(x[at(item, channel, input, inputs)]) > load(x[at(item, channel, one, inputs)]))
                    one = input;
            });
            for (std::int64_t output = 0; output < outputs; ++output) {
                const std::int64_t one = best[static_cast<std::size_t>(output)], i = at(item, channel, output, outputs);
                ASSERT_EQ(mask[i], one);
                if (one < 0) continue;
                ASSERT_EQ(load(y[i]), load(x[at(item, channel, one, inputs)]));
                want_dx.add(at(item, channel, one, inputs), dy.value(i));
            }
        }
    expect_close(dx, want_dx, kTolerance);
}

TEST_P(MaxPool, OfEveryWindow) {
    for (const PoolingWindow& window : windows())
        for (const std::int64_t channels : {1, 3, 4, 8, 13, 16, 19}) {
            SCOPED_TRACE(std::to_string(window.y.size) + " x " + std::to_string(window.x.size) + ", kernel " +
                         std::to_string(window.y.kernel) + " x " + std::to_string(window.x.kernel) + ", channels " +
                         std::to_string(channels));
            check<float>(window, 2, channels, true);
            check<float>(window, 2, channels, false);
            check<Bf16>(window, 2, channels, false);
            if (HasFatalFailure()) return;
        }
}
TEST_P(MaxPool, OfAWindowWithoutPixels) {
    // The second output begins behind the image.
    const PoolingWindow window{{2, 2, 3, 0, 2}, {2, 2, 2, 0, 1}};
    const auto x = random_values<float>(4 * 9, 1);
    Buffer<float> y(2 * 9);
    Buffer<std::int32_t> mask(2 * 9);
    max_pool_channels_last(x.data(), y.data(), mask.data(), window, 9, 0, 1);
    for (std::int64_t c = 0; c < 9; ++c) {
        EXPECT_EQ(mask[9 + c], -1);
        EXPECT_EQ(y[9 + c], -FLT_MAX);
    }
}
DIGITS_CONFORMANCE_ALL(MaxPool);

}  // namespace
}  // namespace digits
