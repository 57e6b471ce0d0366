#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "engine/convolution/algorithms/depthwise_convolution.hpp"
#include "engine/convolution/algorithms/disjoint_deconvolution.hpp"
#include "engine/convolution/algorithms/im2col_convolution.hpp"
#include "engine/convolution/algorithms/winograd_convolution.hpp"
#include "engine/convolution/weight_layout.hpp"
#include "kernels/isa/instruction_set.hpp"

// Our convolutions, with each width of vectors that the processor has, against libtorch's.
namespace digits {
namespace {

struct Case {
    std::string name;
    ConvolutionWindow window;
    Shape input;
    std::int64_t outputs, groups;
    friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name; }
};

ConvolutionWindow window(Shape kernel, Shape stride, Shape pad) {
    return {1, std::move(kernel), std::move(stride), std::move(pad), {1, 1}};
}

at::Tensor pixels_of(at::IntArrayRef sizes) { return at::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast); }

class Convolved : public testing::TestWithParam<Case> {
  protected:
    ~Convolved() override { limit_instruction_set(InstructionSet::kAmx); }

    template <class Convolution>
    void expect_libtorchs(const Convolution& convolution) {
        if (!has_avx2()) GTEST_SKIP() << "this processor lacks AVX2";
        const auto& [name, w, input, outputs, groups] = GetParam();
        at::manual_seed(3);
        const at::Tensor x = pixels_of(input), bias = at::randn({outputs});
        const at::Tensor weight = at::randn({outputs, input[1] / groups, w.kernel[0], w.kernel[1]});
        const at::Tensor y = at::convolution(x, weight, bias, w.stride, w.pad, w.dilation, false, {0, 0}, groups);
        const at::Tensor dy = pixels_of(y.sizes());
        const auto [dx, dw, db] = at::convolution_backward(dy, x, weight, std::nullopt, w.stride, w.pad, w.dilation,
                                                           false, {0, 0}, groups, {true, true, false});
        const auto expect_close = [](const at::Tensor& got, const at::Tensor& expected) {
            EXPECT_LT((got - expected).abs().max().item<float>(), 1e-5F * expected.abs().max().item<float>());
        };
        for (const bool wide : {false, true}) {
            limit_instruction_set(wide ? InstructionSet::kAmx : InstructionSet::kAvx2);
            SCOPED_TRACE(has_avx512() ? "wide" : "narrow");
            expect_close(convolution.forward(x, weight, bias, false), y);
            expect_close(convolution.forward(x, weight, std::nullopt, true),
                         (y - bias.view({1, -1, 1, 1})).clamp_min(0));
            expect_close(convolution.input_gradient(dy, weight, x), dx);
            expect_close(convolution.weight_gradient(x, dy, weight), dw);
        }
    }
};

class ByMinimalFiltering : public Convolved {};
TEST_P(ByMinimalFiltering, IsTheConvolutionOfLibtorch) {
    const Case& one = GetParam();
    expect_libtorchs(WinogradConvolution(one.window, one.input[1], one.outputs, one.groups, false));
}
TEST_P(ByMinimalFiltering, RoundsItsResultsInBf16) {
    if (!has_avx512_bf16()) GTEST_SKIP() << "this processor lacks AVX512_BF16";
    const Case& one = GetParam();
    at::manual_seed(3);
    const WinogradConvolution convolution(one.window, one.input[1], one.outputs, one.groups, true);
    const at::Tensor x = pixels_of(one.input).to(at::kBFloat16), bias = at::randn({one.outputs}),
                     weight = at::randn(
                         {one.outputs, one.input[1] / one.groups, one.window.kernel[0], one.window.kernel[1]});
    const at::Tensor full = x.to(at::kFloat), y = convolution.forward(full, weight, bias, true);
    const at::Tensor dy = pixels_of(y.sizes()).to(at::kBFloat16), full_dy = dy.to(at::kFloat);
    EXPECT_TRUE(at::equal(convolution.forward(x, weight, bias, true), y.to(at::kBFloat16)));
    EXPECT_TRUE(at::equal(convolution.input_gradient(dy, weight, x),
                          convolution.input_gradient(full_dy, weight, x).to(at::kBFloat16)));
    EXPECT_TRUE(
        at::equal(convolution.weight_gradient(x, dy, weight), convolution.weight_gradient(full, full_dy, weight)));
}
INSTANTIATE_TEST_SUITE_P(
    Engine, ByMinimalFiltering,
    testing::Values(Case{"whole_panels", window({3, 3}, {1, 1}, {1, 1}), {2, 32, 9, 12}, 48, 1},
                    Case{"odd_channels", window({3, 3}, {1, 1}, {0, 1}), {2, 19, 7, 10}, 37, 1},
                    Case{"ends_with_half", window({3, 3}, {1, 1}, {1, 1}), {1, 24, 5, 6}, 20, 1},
                    Case{"kernel_of_five", window({5, 5}, {1, 1}, {2, 2}), {2, 20, 9, 8}, 50, 1},
                    Case{"inputs_of_more_tiles", window({5, 5}, {1, 1}, {0, 0}), {3, 20, 12, 11}, 50, 1},
                    Case{"more_tiles_one_pad", window({3, 3}, {1, 1}, {1, 0}), {2, 35, 5, 6}, 19, 1},
                    Case{"more_tiles_groups", window({5, 5}, {1, 1}, {0, 1}), {5, 40, 8, 8}, 34, 2},
                    Case{"groups", window({3, 3}, {1, 1}, {1, 1}), {1, 36, 8, 8}, 42, 2},
                    Case{"deep", window({3, 3}, {1, 1}, {1, 1}), {1, 300, 30, 30}, 17, 1}),
    [](const auto& test) { return test.param.name; });

class ByPatches : public Convolved {};
TEST_P(ByPatches, IsTheConvolutionOfLibtorch) { expect_libtorchs(Im2colConvolution(GetParam().window)); }
INSTANTIATE_TEST_SUITE_P(Engine, ByPatches,
                         testing::Values(Case{"one_channel", window({5, 5}, {1, 1}, {0, 0}), {3, 1, 12, 12}, 20, 1},
                                         Case{"long_rows", window({3, 2}, {1, 2}, {0, 0}), {2, 2, 6, 250}, 24, 1},
                                         Case{
                                             "strides_in_lines", window({3, 3}, {2, 2}, {0, 0}), {3, 5, 17, 16}, 35, 1},
                                         Case{"stride", window({7, 7}, {2, 2}, {3, 3}), {2, 3, 30, 31}, 64, 1},
                                         Case{"oblong", window({1, 3}, {2, 1}, {0, 1}), {2, 20, 9, 8}, 41, 1},
                                         Case{"deep", window({3, 3}, {2, 2}, {1, 1}), {1, 70, 15, 15}, 33, 1}),
                         [](const auto& test) { return test.param.name; });

const auto kDepthwiseCases =
    testing::Values(Case{"pixels_around", window({3, 3}, {1, 1}, {1, 1}), {2, 35, 7, 9}, 35, 35},
                    Case{"stride", window({3, 3}, {2, 2}, {1, 1}), {2, 32, 9, 10}, 32, 32},
                    Case{"oblong_strides", window({3, 3}, {2, 1}, {0, 1}), {1, 48, 9, 8}, 48, 48},
                    Case{"kernel_of_five", window({5, 5}, {2, 2}, {2, 2}), {1, 20, 8, 11}, 20, 20},
                    Case{"smaller_than_the_kernel", window({5, 5}, {1, 1}, {2, 2}), {2, 16, 2, 3}, 16, 16});

class ChannelByChannel : public Convolved {};
TEST_P(ChannelByChannel, IsTheConvolutionOfLibtorch) {
    const Case& one = GetParam();
    ASSERT_TRUE(DepthwiseConvolution::suits(one.window, one.input[1], one.outputs, one.groups));
    expect_libtorchs(DepthwiseConvolution(one.window));
}
TEST_P(ChannelByChannel, RoundsItsResultsInBf16) {
    const Case& one = GetParam();
    at::manual_seed(3);
    const DepthwiseConvolution convolution(one.window);
    const at::Tensor x = pixels_of(one.input).to(at::kBFloat16),
                     weight = at::randn({one.outputs, 1, one.window.kernel[0], one.window.kernel[1]});
    const at::Tensor full = x.to(at::kFloat);
    for (const bool wide : {false, true}) {
        limit_instruction_set(wide ? InstructionSet::kAmx : InstructionSet::kAvx2);
        const at::Tensor y = convolution.forward(full, weight, std::nullopt, false);
        const at::Tensor dy = pixels_of(y.sizes()).to(at::kBFloat16), full_dy = dy.to(at::kFloat);
        EXPECT_TRUE(at::equal(convolution.forward(x, weight, std::nullopt, false), y.to(at::kBFloat16)));
        EXPECT_TRUE(at::equal(convolution.input_gradient(dy, weight, x),
                              convolution.input_gradient(full_dy, weight, x).to(at::kBFloat16)));
        EXPECT_TRUE(
            at::equal(convolution.weight_gradient(x, dy, weight), convolution.weight_gradient(full, full_dy, weight)));
    }
}
INSTANTIATE_TEST_SUITE_P(Engine, ChannelByChannel, kDepthwiseCases, [](const auto& test) { return test.param.name; });

class WithoutOverlaps : public testing::TestWithParam<Case> {};
TEST_P(WithoutOverlaps, IsTheDeconvolutionOfLibtorch) {
    const auto& [name, w, input, outputs, groups] = GetParam();
    ASSERT_TRUE(DisjointDeconvolution::suits(w, groups));
    at::manual_seed(3);
    const at::Tensor x = pixels_of(input), bias = at::randn({outputs}),
                     weight = at::randn({input[1], outputs, w.kernel[0], w.kernel[1]});
    const at::Tensor y = at::convolution(x, weight, bias, w.stride, w.pad, w.dilation, true, {0, 0}, 1);
    const at::Tensor dy = pixels_of(y.sizes());
    const auto [dx, dw, db] = at::convolution_backward(dy, x, weight, std::nullopt, w.stride, w.pad, w.dilation, true,
                                                       {0, 0}, 1, {true, true, false});
    const auto expect_close = [](const at::Tensor& got, const at::Tensor& expected) {
        ASSERT_EQ(got.sizes(), expected.sizes());
        EXPECT_LT((got - expected).abs().max().item<float>(), 1e-5F * expected.abs().max().item<float>());
    };
    const DisjointDeconvolution deconvolution(w);
    expect_close(deconvolution.forward(x, weight, bias, false), y);
    expect_close(deconvolution.forward(x, weight, std::nullopt, true), (y - bias.view({1, -1, 1, 1})).clamp_min(0));
    expect_close(deconvolution.input_gradient(dy, weight, x), dx);
    expect_close(deconvolution.weight_gradient(x, dy, weight), dw);
}
INSTANTIATE_TEST_SUITE_P(Engine, WithoutOverlaps,
                         testing::Values(Case{"twice", window({2, 2}, {2, 2}, {0, 0}), {3, 24, 5, 7}, 20, 1},
                                         Case{"oblong", window({3, 2}, {3, 2}, {0, 0}), {2, 33, 6, 4}, 17, 1},
                                         Case{"one_axis", window({1, 4}, {1, 4}, {0, 0}), {2, 16, 4, 4}, 3, 1}),
                         [](const auto& test) { return test.param.name; });

/// Outputs, channels, size of the kernel; with the widest vectors or without.
class WeightLayouts : public testing::TestWithParam<std::tuple<std::array<std::int64_t, 3>, bool>> {
  protected:
    WeightLayouts() { limit_instruction_set(std::get<1>(GetParam()) ? InstructionSet::kAmx : InstructionSet::kAvx2); }
    ~WeightLayouts() override { limit_instruction_set(InstructionSet::kAmx); }
};
TEST_P(WeightLayouts, RoundAndLayAsLibtorchDoes) {
    if (!has_avx2()) GTEST_SKIP() << "this processor lacks AVX2";
    const auto [outputs, channels, kernel] = std::get<0>(GetParam());
    at::manual_seed(3);
    const at::Tensor weight = at::randn({outputs, channels, kernel, kernel});
    const at::Tensor expected = weight.to(at::kBFloat16), converted = rounded_channels_last(weight);
    EXPECT_TRUE(converted.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(at::equal(converted, expected));
    const at::Tensor back = floats_of_gradient(converted).to(at::kFloat);
    EXPECT_TRUE(back.is_contiguous() || kernel == 1);
    EXPECT_TRUE(at::equal(back, expected.to(at::kFloat)));
}
INSTANTIATE_TEST_SUITE_P(
    Engine, WeightLayouts,
    testing::Combine(testing::Values(std::array<std::int64_t, 3>{5, 33, 3}, std::array<std::int64_t, 3>{3, 16, 5},
                                     std::array<std::int64_t, 3>{2, 3, 7}, std::array<std::int64_t, 3>{4, 64, 1},
                                     std::array<std::int64_t, 3>{1, 1, 2}),
                     testing::Bool()));

}  // namespace
}  // namespace digits
