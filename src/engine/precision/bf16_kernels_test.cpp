#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/layers/stored.hpp"
#include "kernels/elementwise/channels.hpp"
#include "kernels/isa/instruction_set.hpp"
#include "kernels/pooling/max_pool.hpp"

// The kernels on bf16 give what they give on the floats that those stand for, rounded once.
namespace digits {
namespace {

TEST(Bf16, RoundsAsLibtorchDoes) {
    std::uint64_t state = 1;
    for (int i = 0; i < 200'000; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        // Also ties, and values next to infinity.
        const auto bits = static_cast<std::uint32_t>(state >> 32) & (i % 3 == 0 ? 0xFFFF8000U : 0xFFFFFFFFU);
        const float value = std::bit_cast<float>(bits);
        Bf16 got;
        store(got, value);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(load(got))) << bits;
        } else {
            EXPECT_EQ(got.bits, at::BFloat16(value).x) << bits;
            EXPECT_EQ(load(got), static_cast<float>(at::BFloat16(value))) << bits;
        }
    }
}

/// Pixels of some channels; with AVX-512, where the processor has it, or without.
class Bf16Kernels : public testing::TestWithParam<std::tuple<int, bool>> {
  protected:
    static constexpr std::int64_t kPixels = 150;
    const std::int64_t kChannels = std::get<0>(GetParam()), kCount = kChannels * kPixels;

    Bf16Kernels() {
        at::manual_seed(4);
        limit_instruction_set(std::get<1>(GetParam()) ? InstructionSet::kAvx2 : InstructionSet::kAmx);
    }
    ~Bf16Kernels() override { limit_instruction_set(InstructionSet::kAmx); }

    struct Pair {
        at::Tensor low, full;
    };
    Pair values() const { return values({kPixels, kChannels}); }
    static Pair values(at::IntArrayRef sizes) {
        const at::Tensor low = at::randn(sizes).to(at::kBFloat16);
        return {low, low.to(at::kFloat)};
    }
    at::Tensor factors() const { return at::randn({kChannels}); }
    Pair empty() const { return {at::empty({kPixels, kChannels}, at::kBFloat16), at::empty({kPixels, kChannels})}; }
    static void expect_rounded(const Pair& got) { EXPECT_TRUE(at::equal(got.low, got.full.to(at::kBFloat16))); }
    /// Adds the sums of `kernel` on each type, which must agree.
    template <class Kernel>
    void expect_same_sums(const Kernel& kernel) const {
        const at::Tensor low = at::zeros({2, kChannels}, at::kDouble), full = low.clone();
        kernel(Bf16{}, low.data_ptr<double>(), low.data_ptr<double>() + kChannels);
        kernel(float{}, full.data_ptr<double>(), full.data_ptr<double>() + kChannels);
        EXPECT_TRUE(at::allclose(low, full, 1e-6, 1e-6));
        EXPECT_GT(full.abs().sum().item<double>(), 0);
    }
};

template <class T>
T* of(const at::Tensor& low, const at::Tensor& full) {
    return stored<T>(std::is_same_v<T, Bf16> ? low : full);
}

TEST_P(Bf16Kernels, SumChannels) {
    const auto x = values();
    const at::Tensor shift = factors();
    expect_same_sums([&]<class T>(T, double* sum, double* squares) {
        sum_channels(of<T>(x.low, x.full), sum, kChannels, kPixels);
        sum_channel_squares(of<T>(x.low, x.full), shift.data_ptr<float>(), sum, squares, kChannels, kPixels);
    });
}

TEST_P(Bf16Kernels, ScaleChannelsAndTheirGradients) {
    const auto x = values(), dy = values();
    const at::Tensor factor = factors(), offset = factors(), mean = factors(), constant = factors(), slope = factors();
    for (const bool relu : {false, true}) {
        const bool stream = relu;
        const auto y = empty(), dx = empty();
        const auto both = [&]<class T>(T) {
            const ScaledChannels<T> forward{of<T>(x.low, x.full), factor.data_ptr<float>(), offset.data_ptr<float>(),
                                            mean.data_ptr<float>(), relu};
            scale_channels(forward.x, forward.factor, forward.offset, relu, of<T>(y.low, y.full), kChannels, kPixels,
                           stream);
            scale_channel_gradients(forward, of<T>(dy.low, dy.full), constant.data_ptr<float>(),
                                    slope.data_ptr<float>(), of<T>(dx.low, dx.full), kChannels, kPixels, stream);
            return forward;
        };
        both(Bf16{});
        both(float{});
        const at::Tensor wanted = x.full * factor + offset;
        EXPECT_TRUE(at::allclose(y.full, relu ? at::relu(wanted) : wanted, 1e-5, 1e-5));
        expect_rounded(y);
        expect_rounded(dx);
        expect_same_sums([&]<class T>(T one, double* sum, double* product) {
            sum_channel_gradients(both(one), of<T>(dy.low, dy.full), sum, product, kChannels, kPixels);
        });
    }
}

TEST_P(Bf16Kernels, RectifyGradients) {
    const auto dy = values(), y = values(), g = empty();
    expect_same_sums([&]<class T>(T, double* sum, double*) {
        relu_gradient(of<T>(dy.low, dy.full), of<T>(y.low, y.full), of<T>(g.low, g.full), sum, kChannels, kPixels);
    });
    expect_rounded(g);
    const auto in_place = [&]<class T>(T) {
        relu_gradient_in_place(of<T>(dy.low, dy.full), of<T>(y.low, y.full), kCount);
    };
    in_place(Bf16{});
    in_place(float{});
    EXPECT_TRUE(at::equal(dy.low, g.low));
    EXPECT_TRUE(at::equal(dy.full, g.full));
}

TEST_P(Bf16Kernels, AddValues) {
    const auto a = values(), b = values(), y = empty();
    for (const bool relu : {false, true}) {
        const auto add = [&]<class T>(T) {
            add_values(of<T>(a.low, a.full), of<T>(b.low, b.full), relu, of<T>(y.low, y.full), kCount, relu);
        };
        add(Bf16{});
        add(float{});
        EXPECT_TRUE(at::equal(y.full, relu ? at::relu(a.full + b.full) : a.full + b.full));
        expect_rounded(y);
    }
}

TEST_P(Bf16Kernels, ClipGradient) {
    const auto dy = values(), x = values(), dx = empty();
    // A bound is inside.
    x.low.select(0, 0).fill_(0.5);
    x.full.select(0, 0).fill_(0.5);
    const auto clip = [&]<class T>(T) {
        clip_gradient(of<T>(dy.low, dy.full), of<T>(x.low, x.full), -1, 0.5, of<T>(dx.low, dx.full), kCount);
    };
    clip(Bf16{});
    clip(float{});
    EXPECT_TRUE(at::equal(dx.full, dy.full * at::logical_and(x.full >= -1, x.full <= 0.5)));
    expect_rounded(dx);
}

TEST_P(Bf16Kernels, MaxPooling) {
    // size, kernel, stride, pad, outputs: windows that overlap, lie side by side, leave pixels out, end outside.
    const std::vector<PoolingWindow> windows{
        {{9, 3, 2, 1, 5}, {7, 3, 2, 0, 3}}, {{8, 2, 2, 0, 4}, {6, 2, 2, 0, 3}}, {{7, 2, 2, 0, 3}, {8, 2, 3, 0, 3}},
        {{7, 2, 2, 0, 4}, {5, 3, 3, 1, 2}}, {{6, 2, 2, 0, 3}, {5, 3, 2, 0, 2}},
    };
    for (const auto& window : windows) {
        const PoolingAxis &rows = window.y, &columns = window.x;
        SCOPED_TRACE(fmt::format("{} x {}, kernel {} x {}", rows.size, columns.size, rows.kernel, columns.kernel));
        const auto x = values({2, rows.size, columns.size, kChannels}),
                   dy = values({2, rows.outputs, columns.outputs, kChannels});
        const Pair y{at::empty_like(dy.low), at::empty_like(dy.full)},
            dx{at::empty_like(x.low), at::empty_like(x.full)};
        const at::Tensor workspace = at::empty({max_pool_workspace<Bf16>(window, kChannels)});
        const at::Tensor low_mask = at::empty(dy.low.sizes(), at::kInt), mask = at::empty_like(low_mask);
        const auto run = [&]<class T>(T, const at::Tensor& places) {
            max_pool_channels_last(of<T>(x.low, x.full), of<T>(y.low, y.full), places.data_ptr<std::int32_t>(), window,
                                   kChannels, 0, 2);
            max_pool_channels_last_backward(of<T>(dy.low, dy.full), places.data_ptr<std::int32_t>(),
                                            of<T>(dx.low, dx.full), window, kChannels, 0, 2,
                                            workspace.data_ptr<float>());
        };
        run(Bf16{}, low_mask);
        run(float{}, mask);
        EXPECT_TRUE(at::equal(low_mask, mask));
        expect_rounded(y);
        expect_rounded(dx);
        const auto pool = [&](bool rounds_up) {
            return at::max_pool2d_with_indices(x.full.permute({0, 3, 1, 2}), {rows.kernel, columns.kernel},
                                               {rows.stride, columns.stride}, {rows.pad, columns.pad}, {1, 1},
                                               rounds_up);
        };
        const bool up = std::get<0>(pool(false)).size(2) != rows.outputs;
        const auto [expected, places] = pool(up);
        EXPECT_TRUE(at::equal(y.full.permute({0, 3, 1, 2}), expected));
        const at::Tensor gradient = at::max_pool2d_with_indices_backward(
            dy.full.permute({0, 3, 1, 2}), x.full.permute({0, 3, 1, 2}), {rows.kernel, columns.kernel},
            {rows.stride, columns.stride}, {rows.pad, columns.pad}, {1, 1}, up, places);
        EXPECT_TRUE(at::allclose(dx.full.permute({0, 3, 1, 2}), gradient));
    }
}

// No vector's width divides 19; 600 are more than are summed at a time.
INSTANTIATE_TEST_SUITE_P(Channels, Bf16Kernels, testing::Combine(testing::Values(19, 96, 600), testing::Bool()),
                         [](const auto& test) {
                             return std::to_string(std::get<0>(test.param)) +
                                    (std::get<1>(test.param) ? "Narrow" : "Wide");
                         });

}  // namespace
}  // namespace digits
