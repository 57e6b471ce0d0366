#include <array>

#include "kernels/conformance/conformance.hpp"
#include "kernels/elementwise/channels.hpp"
#include "kernels/elementwise/lrn.hpp"
#include "kernels/elementwise/sgd.hpp"

namespace digits {
namespace {

/// One to three operations in fp32; channel sums are fp32 within a block of rows.
constexpr double kTolerance = 5e-7, kSumTolerance = 5e-6;

/// (channels, rows): around vectors, and more than the kernels sum at a time.
using Size = std::array<std::int64_t, 2>;
constexpr Size kSizes[]{{1, 1},  {1, 9},  {3, 5},   {7, 4},  {8, 3},   {9, 66},
                        {15, 2}, {16, 7}, {17, 65}, {33, 3}, {521, 6}, {512, 129}};

class Channels : public Kernels {};

template <class T>
void check_sums(const Size& size) {
    const auto [channels, rows] = size;
    const auto x = random_values<T>(channels * rows, 1), dy = random_values<T>(channels * rows, 2);
    const auto shift = random_values<float>(channels, 3), factor = random_values<float>(channels, 4),
               offset = random_values<float>(channels, 5);
    Buffer<double> sum(channels), squared_sum(channels), squares(channels), gradient_sum(channels), product(channels),
        relu_sum(channels);
    Expected want_sum(channels), want_squared_sum(channels), want_squares(channels), want_gradient_sum(channels),
        want_product(channels), want_relu_sum(channels), want_g(channels * rows);
    for (std::int64_t c = 0; c < channels; ++c)
        for (Buffer<double>* one : {&sum, &squared_sum, &squares, &gradient_sum, &product, &relu_sum}) (*one)[c] = 1;
    for (std::int64_t c = 0; c < channels; ++c)
        for (Expected* one :
             {&want_sum, &want_squared_sum, &want_squares, &want_gradient_sum, &want_product, &want_relu_sum})
            one->add(c, 1);
    for (std::int64_t i = 0; i < channels * rows; ++i) {
        const std::int64_t c = i % channels;
        const double centred = x.value(i) - shift.value(c);
        want_sum.add(c, x.value(i));
        want_squared_sum.add(c, centred);
        want_squares.add(c, centred * centred);
        // As the kernel decides: in fp32.
        const float y = factor[c] * load(x[i]) + offset[c];
        if (y > 0) {
            want_gradient_sum.add(c, dy.value(i));
            want_product.add(c, dy.value(i) * centred);
        }
        const double g = x.value(i) > 0 ? dy.value(i) : 0;
        want_relu_sum.add(c, g);
        want_g.add(i, g);
    }
    sum_channels(x.data(), sum.data(), channels, rows);
    expect_close(sum, want_sum, kSumTolerance);
    sum_channel_squares(x.data(), shift.data(), squared_sum.data(), squares.data(), channels, rows);
    expect_close(squared_sum, want_squared_sum, kSumTolerance);
    expect_close(squares, want_squares, kSumTolerance);
    sum_channel_gradients<T>({x.data(), factor.data(), offset.data(), shift.data(), true}, dy.data(),
                             gradient_sum.data(), product.data(), channels, rows);
    expect_close(gradient_sum, want_gradient_sum, kSumTolerance);
    expect_close(product, want_product, kSumTolerance);
    Buffer<T> g(channels * rows);
    relu_gradient(dy.data(), x.data(), g.data(), relu_sum.data(), channels, rows);
    expect_close(relu_sum, want_relu_sum, kSumTolerance);
    expect_close(g, want_g, 0);
}

template <class T>
void check_values(const Size& size, bool relu, bool stream) {
    const auto [channels, rows] = size;
    const std::int64_t count = channels * rows;
    const auto x = random_values<T>(count, 1), other = random_values<T>(count, 2);
    const auto factor = random_values<float>(channels, 3), offset = random_values<float>(channels, 4),
               mean = random_values<float>(channels, 5), constant = random_values<float>(channels, 6),
               slope = random_values<float>(channels, 7);
    Expected want_y(count), want_dx(count), want_sum(count), want_clip(count), want_in_place(count);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t c = i % channels;
        want_y.add(i, factor.value(c) * x.value(i));
        want_y.add(i, offset.value(c));
        const bool passes = !relu || factor[c] * load(x[i]) + offset[c] > 0;
        want_dx.add(i, passes ? factor.value(c) * other.value(i) : 0);
        want_dx.add(i, -constant.value(c));
        want_dx.add(i, -slope.value(c) * x.value(i));
        want_dx.add(i, slope.value(c) * mean.value(c));
        want_sum.add(i, x.value(i));
        want_sum.add(i, other.value(i));
        want_clip.add(i, x.value(i) >= -0.5 && x.value(i) <= 0.25 ? other.value(i) : 0);
        want_in_place.add(i, x.value(i) > 0 ? other.value(i) : 0);
    }
    if (relu) want_y.relu(), want_sum.relu();
    Buffer<T> y(count), dx(count), sum(count), clipped(count), in_place(count);
    scale_channels(x.data(), factor.data(), offset.data(), relu, y.data(), channels, rows, stream);
    expect_close(y, want_y, kTolerance);
    scale_channel_gradients<T>({x.data(), factor.data(), offset.data(), mean.data(), relu}, other.data(),
                               constant.data(), slope.data(), dx.data(), channels, rows, stream);
    expect_close(dx, want_dx, kTolerance);
    add_values(x.data(), other.data(), relu, sum.data(), count, stream);
    expect_close(sum, want_sum, kTolerance);
    clip_gradient(other.data(), x.data(), -0.5F, 0.25F, clipped.data(), count);
    expect_close(clipped, want_clip, 0);
    std::copy_n(other.data(), count, in_place.data());
    relu_gradient_in_place(in_place.data(), x.data(), count);
    expect_close(in_place, want_in_place, 0);
}

TEST_P(Channels, Sums) {
    for (const Size& size : kSizes) {
        SCOPED_TRACE(std::to_string(size[0]) + " channels, " + std::to_string(size[1]) + " rows");
        check_sums<float>(size);
        check_sums<Bf16>(size);
    }
}
TEST_P(Channels, Values) {
    for (const Size& size : kSizes)
        for (const bool relu : {false, true})
            for (const bool stream : {false, true}) {
                SCOPED_TRACE(std::to_string(size[0]) + " channels, " + std::to_string(size[1]) + " rows");
                check_values<float>(size, relu, stream);
                check_values<Bf16>(size, relu, stream);
            }
}
TEST_P(Channels, PassNanThroughRelu) {
    Buffer<float> x(17), y(17), factor(17), offset(17);  // NaN
    std::fill_n(factor.data(), 17, 1.0F);
    std::fill_n(offset.data(), 17, 0.0F);
    scale_channels(x.data(), factor.data(), offset.data(), true, y.data(), 17, 1);
    for (std::int64_t i = 0; i < 17; ++i) ASSERT_TRUE(std::isnan(y[i])) << i;
    std::fill_n(y.data(), 17, 0.0F);
    Buffer<float> sum(17);
    add_values(x.data(), y.data(), true, sum.data(), 17);
    for (std::int64_t i = 0; i < 17; ++i) ASSERT_TRUE(std::isnan(sum[i])) << i;
}
DIGITS_CONFORMANCE_ALL(Channels);

class Lrn : public Kernels {};

void check_lrn(std::int64_t channels, int size, std::int64_t pixels, float beta) {
    const LrnSettings set{channels, size, 0.7F, beta, 1.5F};
    const std::int64_t count = channels * pixels;
    const auto x = random_values<float>(count, 1), dy = random_values<float>(count, 2);
    Buffer<float> y(count), s(count), dx(count), workspace(lrn_workspace(set)), again(lrn_workspace(set));
    for (std::int64_t pixel = pixels; pixel-- > 0;)
        lrn_forward(x.data(), y.data(), s.data(), set, pixel, pixel + 1, workspace.data());
    lrn_backward(x.data(), y.data(), s.data(), dy.data(), dx.data(), set, 0, pixels, again.data());
    /// use(i, j) for each value i and the values j in its window.
    const auto for_windows = [&](const auto& use) {
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t c = i % channels;
            for (std::int64_t d = std::max<std::int64_t>(0, c - size / 2); d <= std::min(channels - 1, c + size / 2);
                 ++d)
                use(i, i - c + d);
        }
    };
    std::vector<double> scale(static_cast<std::size_t>(count), 1.5);
    for_windows([&](std::int64_t i, std::int64_t j) {
        scale[static_cast<std::size_t>(i)] += 0.7 / size * x.value(j) * x.value(j);
    });
    const auto power = [&](std::int64_t i) {
        return std::pow(scale[static_cast<std::size_t>(i)], -static_cast<double>(beta));
    };
    Expected want_y(count), want_dx(count);
    for (std::int64_t i = 0; i < count; ++i) {
        want_y.add(i, x.value(i) * power(i));
        want_dx.add(i, dy.value(i) * power(i));
    }
    for_windows([&](std::int64_t i, std::int64_t j) {
        want_dx.add(i, -2 * 0.7 * static_cast<double>(beta) / size * x.value(i) * dy.value(j) * x.value(j) * power(j) /
                           scale[static_cast<std::size_t>(j)]);
    });
    expect_close(y, want_y, 2e-6);
    expect_close(dx, want_dx, 2e-6);
}

TEST_P(Lrn, OfEveryChannelsAndWindow) {
    for (const std::int64_t channels : {1, 2, 5, 8, 17, 32})
        for (const int size : {1, 3, 5, 7})
            for (const std::int64_t pixels : {1, 7, 31})
                for (const float beta : {0.75F, 0.5F}) {
                    SCOPED_TRACE(std::to_string(channels) + " channels, window " + std::to_string(size) + ", pixels " +
                                 std::to_string(pixels));
                    check_lrn(channels, size, pixels, beta);
                    if (HasFatalFailure()) return;
                }
}
DIGITS_CONFORMANCE_ALL(Lrn);

class Sgd : public Kernels {};

TEST_P(Sgd, UpdatesWeightsAndHistory) {
    for (const bool l1 : {false, true})
        for (const bool nesterov : {false, true})
            for (const std::int64_t count : {1, 7, 8, 17, 33}) {
                const SgdSettings set{0.1F, 0.9F, 0.01F, 0.5F, l1, nesterov};
                const auto diff = random_values<float>(count, 1), start = random_values<float>(count, 2),
                           history = random_values<float>(count, 3);
                Buffer<float> w(count), h(count);
                std::copy_n(start.data(), count, w.data());
                std::copy_n(history.data(), count, h.data());
                sgd_update(w.data(), diff.data(), h.data(), set, 0, count / 2);
                sgd_update(w.data(), diff.data(), h.data(), set, count / 2, count);
                Expected want_w(count), want_h(count);
                for (std::int64_t i = 0; i < count; ++i) {
                    const auto of = [](float value) { return static_cast<double>(value); };
                    const double sign = start[i] > 0 ? 1 : start[i] < 0 ? -1 : 0;
                    const double g = diff.value(i) * of(set.scale) + of(set.decay) * (l1 ? sign : start.value(i));
                    const double next = of(set.rate) * g + of(set.momentum) * history.value(i);
                    want_h.add(i, next);
                    want_w.add(i, start.value(i));
                    want_w.add(
                        i, nesterov ? -((1 + of(set.momentum)) * next - of(set.momentum) * history.value(i)) : -next);
                    want_h.magnitude[static_cast<std::size_t>(i)] += 1;
                }
                expect_close(w, want_w, kTolerance);
                expect_close(h, want_h, kTolerance);
            }
}
DIGITS_CONFORMANCE_ALL(Sgd);

}  // namespace
}  // namespace digits
