#include "kernels/conformance/convolution_reference.hpp"
#include "kernels/convolution/depthwise.hpp"
#include "kernels/convolution/im2col.hpp"
#include "kernels/convolution/tile_convolution.hpp"
#include "kernels/convolution/weight_layout.hpp"
#include "kernels/convolution/winograd.hpp"

namespace digits {
namespace {

/// Direct sums in fp32.
constexpr double kSumTolerance = 2e-6;
/// The transforms of Winograd add errors of the largest values of a tile.
constexpr double kWinogradTolerance = 1e-5;

class Winograd : public Kernels {};

template <class T>
ConvolutionPasses<T> winograd_passes(const ConvolutionCase& c) {
    const WinogradShape shape{.kernel = static_cast<int>(c.kernel_y),
                              .items = c.items,
                              .height = c.height,
                              .width = c.width,
                              .pad_y = c.pad_y,
                              .pad_x = c.pad_x,
                              .channels = c.channels / c.groups,
                              .outputs = c.outputs / c.groups,
                              .groups = c.groups};
    return {[=](Pass pass, std::int64_t threads) { return winograd_workspace<T>(shape, pass, threads); },
            [=](auto&&... rest) { winograd_forward<T>(shape, rest...); },
            [=](auto&&... rest) { winograd_input_gradient<T>(shape, rest...); },
            [=](auto&&... rest) { winograd_weight_gradient<T>(shape, rest...); }};
}

std::vector<ConvolutionCase> winograd_cases() {
    std::vector<ConvolutionCase> cases;
    const auto add = [&](std::int64_t kernel, std::int64_t pad_y, std::int64_t pad_x, std::int64_t height,
                         std::int64_t width, std::int64_t channels, std::int64_t outputs, std::int64_t groups = 1,
                         std::int64_t items = 1) {
        cases.push_back({.items = items,
                         .height = height,
                         .width = width,
                         .channels = channels,
                         .outputs = outputs,
                         .kernel_y = kernel,
                         .kernel_x = kernel,
                         .pad_y = pad_y,
                         .pad_x = pad_x,
                         .groups = groups});
    };
    // Images smaller than the kernel, of one tile, and with parts of tiles.
    for (const std::int64_t size : {1, 2, 4, 5, 7}) {
        add(3, 1, 1, size, size + 1, 16, 17);
        add(5, 2, 2, size, size + 2, 17, 16);
    }
    // Channels around vectors and panels.
    for (const std::int64_t channels : {16, 17, 23, 24, 31, 33}) add(3, 1, 1, 5, 4, channels, 49 - channels + 16);
    // Paddings; without padding the input gradient has more tiles than the outputs and is scattered.
    add(3, 0, 0, 6, 5, 19, 18);
    add(3, 2, 1, 3, 4, 16, 16);
    add(5, 0, 0, 8, 9, 17, 19);
    add(5, 0, 1, 7, 8, 18, 16);
    add(5, 4, 4, 3, 2, 16, 16);
    // Groups and items; more tiles than a block.
    add(3, 1, 0, 6, 7, 36, 38, 2, 2);
    add(5, 0, 2, 9, 8, 34, 32, 2, 3);
    add(3, 1, 1, 29, 31, 16, 16, 1, 4);
    return cases;
}

TEST_P(Winograd, OfFloats) {
    for (const ConvolutionCase& c : winograd_cases()) {
        check_convolution<float>(c, winograd_passes<float>(c), kWinogradTolerance, true);
        if (HasFatalFailure()) return;
    }
}
TEST_P(Winograd, OfBf16) {
    if (!has_avx512_bf16()) GTEST_SKIP() << "needs AVX512_BF16";
    for (const ConvolutionCase& c : winograd_cases()) {
        check_convolution<Bf16>(c, winograd_passes<Bf16>(c), kWinogradTolerance, true);
        if (HasFatalFailure()) return;
    }
}
DIGITS_CONFORMANCE_AVX2(Winograd);

class Im2col : public Kernels {};

ConvolutionPasses<float> im2col_passes(const ConvolutionCase& c) {
    const Im2colShape shape{.items = c.items,
                            .height = c.height,
                            .width = c.width,
                            .channels = c.channels,
                            .out_height = c.out_height(),
                            .out_width = c.out_width(),
                            .outputs = c.outputs,
                            .kernel_y = c.kernel_y,
                            .kernel_x = c.kernel_x,
                            .stride_y = c.stride_y,
                            .stride_x = c.stride_x,
                            .pad_y = c.pad_y,
                            .pad_x = c.pad_x};
    return {[=](Pass pass, std::int64_t threads) { return im2col_workspace(shape, pass, threads); },
            [=](auto&&... rest) { im2col_forward(shape, rest...); },
            [=](auto&&... rest) { im2col_input_gradient(shape, rest...); },
            [=](auto&&... rest) { im2col_weight_gradient(shape, rest...); }};
}

TEST_P(Im2col, OfEveryKernelAndChannels) {
    for (const std::int64_t kernel : {1, 2, 3, 5})
        for (const std::int64_t stride : {1, 2, 3})
            for (const std::int64_t pad : {std::int64_t{0}, kernel / 2})
                for (const std::int64_t channels : {1, 3, 8, 17}) {
                    const ConvolutionCase c{.items = 2,
                                            .height = 7,
                                            .width = 6,
                                            .channels = channels,
                                            .outputs = 15 + channels,
                                            .kernel_y = kernel,
                                            .kernel_x = kernel,
                                            .stride_y = stride,
                                            .stride_x = stride,
                                            .pad_y = pad,
                                            .pad_x = pad};
                    check_convolution<float>(c, im2col_passes(c), kSumTolerance, false);
                    if (HasFatalFailure()) return;
                }
}
TEST_P(Im2col, OfOddShapes) {
    for (const ConvolutionCase& c : {
             // One value; images smaller than the kernel; few outputs; oblong kernels and strides; wide lines; rows
             // that
             // need several depth blocks; more pixels than a block.
             ConvolutionCase{},
             ConvolutionCase{
                 .height = 1, .width = 2, .outputs = 3, .kernel_y = 3, .kernel_x = 3, .pad_y = 1, .pad_x = 1},
             ConvolutionCase{
                 .items = 3, .height = 5, .width = 5, .channels = 2, .outputs = 1, .kernel_y = 2, .kernel_x = 2},
             ConvolutionCase{
                 .items = 2, .height = 6, .width = 5, .channels = 3, .outputs = 7, .kernel_y = 3, .kernel_x = 3},
             ConvolutionCase{.height = 9,
                             .width = 8,
                             .channels = 20,
                             .outputs = 41,
                             .kernel_y = 1,
                             .kernel_x = 3,
                             .stride_y = 2,
                             .pad_x = 1},
             ConvolutionCase{.items = 2,
                             .height = 6,
                             .width = 131,
                             .channels = 2,
                             .outputs = 24,
                             .kernel_y = 3,
                             .kernel_x = 2,
                             .stride_x = 2},
             ConvolutionCase{.height = 9,
                             .width = 9,
                             .channels = 70,
                             .outputs = 33,
                             .kernel_y = 3,
                             .kernel_x = 3,
                             .stride_y = 2,
                             .stride_x = 2,
                             .pad_y = 1,
                             .pad_x = 1},
             ConvolutionCase{.items = 2,
                             .height = 21,
                             .width = 20,
                             .channels = 3,
                             .outputs = 16,
                             .kernel_y = 7,
                             .kernel_x = 7,
                             .stride_y = 2,
                             .stride_x = 2,
                             .pad_y = 3,
                             .pad_x = 3},
             ConvolutionCase{
                 .items = 3, .height = 12, .width = 12, .channels = 1, .outputs = 20, .kernel_y = 5, .kernel_x = 5},
         }) {
        check_convolution<float>(c, im2col_passes(c), kSumTolerance, false);
        if (HasFatalFailure()) return;
    }
}
DIGITS_CONFORMANCE_AVX2(Im2col);

class Depthwise : public Kernels {};

template <class T>
void check_depthwise() {
    for (const std::int64_t kernel : {3, 5})
        for (const std::int64_t stride : {1, 2, 3})
            for (const std::int64_t pad : {std::int64_t{0}, kernel / 2, kernel - 1})
                for (const std::int64_t channels : {1, 3, 8, 15, 16, 17, 35}) {
                    // Images smaller than the kernel only where the padding makes up for it.
                    const std::int64_t height = 2 * pad >= kernel ? 1 : 7;
                    const ConvolutionCase c{.items = 2,
                                            .height = height,
                                            .width = 6,
                                            .channels = channels,
                                            .outputs = channels,
                                            .kernel_y = kernel,
                                            .kernel_x = kernel,
                                            .stride_y = stride,
                                            .stride_x = 1 + stride % 2,
                                            .pad_y = pad,
                                            .pad_x = pad,
                                            .groups = channels};
                    const DepthwiseShape shape{.items = c.items,
                                               .height = c.height,
                                               .width = c.width,
                                               .channels = channels,
                                               .kernel = kernel,
                                               .stride_y = c.stride_y,
                                               .stride_x = c.stride_x,
                                               .pad_y = pad,
                                               .pad_x = pad};
                    check_convolution<T>(
                        c,
                        {[=](Pass pass, std::int64_t threads) { return depthwise_workspace(shape, pass, threads); },
                         [=](auto&&... rest) { depthwise_forward<T>(shape, rest...); },
                         [=](auto&&... rest) { depthwise_input_gradient<T>(shape, rest...); },
                         [=](auto&&... rest) { depthwise_weight_gradient<T>(shape, rest...); }},
                        kSumTolerance, false);
                    if (testing::Test::HasFatalFailure()) return;
                }
}
TEST_P(Depthwise, OfFloats) { check_depthwise<float>(); }
TEST_P(Depthwise, OfBf16) { check_depthwise<Bf16>(); }
DIGITS_CONFORMANCE_ALL(Depthwise);

class TileConvolutionKernel : public Kernels {};

void check_tile_convolution(const ConvolutionCase& c) {
    const TileConvolutionShape shape{.items = c.items,
                                     .height = c.height,
                                     .width = c.width,
                                     .channels = c.channels / c.groups,
                                     .outputs = c.outputs / c.groups,
                                     .groups = c.groups,
                                     .kernel_y = c.kernel_y,
                                     .kernel_x = c.kernel_x,
                                     .stride_y = c.stride_y,
                                     .stride_x = c.stride_x,
                                     .pad_y = c.pad_y,
                                     .pad_x = c.pad_x};
    ConvolutionPasses<Bf16> passes{
        [=](Pass pass, std::int64_t threads) { return tile_convolution_workspace(shape, pass, threads); },
        [=](auto&&... rest) { tile_convolution_forward(shape, rest...); },
        [=](auto&&... rest) { tile_convolution_input_gradient(shape, rest...); },
        [=](auto&&... rest) { tile_convolution_weight_gradient(shape, rest...); }};
    if (shape.has_stride()) passes.forward = nullptr, passes.input_gradient = nullptr;
    check_convolution<Bf16>(c, passes, kSumTolerance, false, true);
}

TEST_P(TileConvolutionKernel, OfEveryKernelAndChannels) {
    for (const std::int64_t kernel : {1, 2, 3})
        for (const std::int64_t pad : {std::int64_t{0}, kernel - 1})
            for (const std::int64_t channels : {1, 15, 16, 31, 32, 33})
                for (const std::int64_t outputs : {1, 17, 32, 35}) {
                    check_tile_convolution({.items = 2,
                                            .height = 4,
                                            .width = 5,
                                            .channels = channels,
                                            .outputs = outputs,
                                            .kernel_y = kernel,
                                            .kernel_x = kernel,
                                            .pad_y = pad,
                                            .pad_x = pad / 2});
                    if (HasFatalFailure()) return;
                }
}
TEST_P(TileConvolutionKernel, OfOddShapes) {
    for (const ConvolutionCase& c : {
             // Groups; oblong kernels; strides; pixels in place; more positions than a block has.
             ConvolutionCase{.items = 2,
                             .height = 5,
                             .width = 6,
                             .channels = 48,
                             .outputs = 40,
                             .kernel_y = 5,
                             .kernel_x = 5,
                             .pad_y = 2,
                             .pad_x = 2,
                             .groups = 2},
             ConvolutionCase{
                 .height = 6, .width = 5, .channels = 20, .outputs = 33, .kernel_y = 1, .kernel_x = 3, .pad_x = 1},
             ConvolutionCase{.items = 2,
                             .height = 9,
                             .width = 8,
                             .channels = 3,
                             .outputs = 17,
                             .kernel_y = 7,
                             .kernel_x = 7,
                             .stride_y = 2,
                             .stride_x = 2,
                             .pad_y = 3,
                             .pad_x = 3},
             ConvolutionCase{.items = 1,
                             .height = 11,
                             .width = 12,
                             .channels = 40,
                             .outputs = 24,
                             .kernel_y = 3,
                             .kernel_x = 3,
                             .stride_y = 2,
                             .stride_x = 2,
                             .pad_y = 1,
                             .pad_x = 1},
             ConvolutionCase{.items = 3, .height = 7, .width = 5, .channels = 64, .outputs = 33},
             ConvolutionCase{.items = 2,
                             .height = 29,
                             .width = 37,
                             .channels = 5,
                             .outputs = 6,
                             .kernel_y = 3,
                             .kernel_x = 3,
                             .pad_y = 1,
                             .pad_x = 1},
         }) {
        check_tile_convolution(c);
        if (HasFatalFailure()) return;
    }
}
DIGITS_CONFORMANCE_ALL(TileConvolutionKernel);

class WeightLayout : public Kernels {};

TEST_P(WeightLayout, RoundsToChannelsLastAndBack) {
    for (const std::int64_t outputs : {1, 3})
        for (const std::int64_t channels : {1, 7, 8, 16, 17, 33})
            for (const std::int64_t places : {1, 4, 9, 16, 25, 49}) {
                SCOPED_TRACE(std::to_string(outputs) + " x " + std::to_string(channels) + " x " +
                             std::to_string(places));
                const auto weights = random_values<float>(outputs * channels * places, 1);
                Buffer<Bf16> last(weights.size());
                Buffer<float> back(weights.size());
                for (std::int64_t output = outputs; output-- > 0;)
                    weights_to_channels_last(weights.data(), outputs, channels, places, last.data(), output,
                                             output + 1);
                weights_from_channels_last(last.data(), outputs, channels, places, back.data(), 0, outputs);
                for (std::int64_t i = 0; i < weights.size(); ++i) {
                    const std::int64_t output = i / places / channels, channel = i / places % channels;
                    Bf16 rounded;
                    store(rounded, weights[i]);
                    ASSERT_EQ(last[(output * places + i % places) * channels + channel].bits, rounded.bits) << i;
                    ASSERT_EQ(back[i], load(rounded)) << i;
                }
            }
}
DIGITS_CONFORMANCE_AVX2(WeightLayout);

}  // namespace
}  // namespace digits
