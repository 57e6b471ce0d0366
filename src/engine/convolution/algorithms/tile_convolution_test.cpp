#include "engine/convolution/algorithms/tile_convolution.hpp"

#include <gtest/gtest.h>

#include "engine/layers/channels_last.hpp"
#include "engine/layers/layout.hpp"
#include "kernels/isa/instruction_set.hpp"

// Against libtorch's convolution of the same rounded values in double precision.
namespace digits {
namespace {

struct Case {
    std::string name;
    std::int64_t items, channels, height, width, outputs, kernel, stride = 1, pad = 0, groups = 1;
};

std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.name; }

class TileConvolutions : public testing::TestWithParam<std::tuple<Case, bool>> {
  protected:
    void SetUp() override {
        if (!is_plain() && !has_amx()) GTEST_SKIP() << "this processor has no AMX";
        if (is_plain()) limit_instruction_set(InstructionSet::kAvx512Bf16);
        at::manual_seed(7);
        const Case& c = std::get<0>(GetParam());
        x_ = rounded({c.items, c.channels, c.height, c.width});
        weight_ = at::randn({c.outputs, c.channels / c.groups, c.kernel, c.kernel}).to(at::kBFloat16).to(at::kFloat);
        bias_ = at::randn({c.outputs});
        window_.channel_axis = 1;
        window_.kernel = {c.kernel, c.kernel};
        window_.stride = {c.stride, c.stride};
        window_.pad = {c.pad, c.pad};
        window_.dilation = {1, 1};
        tiles_ = std::make_unique<TileConvolution>(window_, window_.stride, c.channels, c.outputs, c.groups);
        y_ = at::conv2d(x_.to(at::kDouble), weight_.to(at::kDouble), bias_.to(at::kDouble), c.stride, c.pad, 1,
                        c.groups);
        dy_ = rounded(y_.sizes());
        std::tie(dx_, dw_, std::ignore) = at::convolution_backward(
            dy_.to(at::kDouble), x_.to(at::kDouble), weight_.to(at::kDouble), std::nullopt, window_.stride, window_.pad,
            window_.dilation, false, {0, 0}, c.groups, {true, true, false});
    }
    void TearDown() override { limit_instruction_set(InstructionSet::kAmx); }

    static bool is_plain() { return std::get<1>(GetParam()); }
    static at::Tensor rounded(at::IntArrayRef sizes) { return channels_last(at::randn(sizes).to(at::kBFloat16)); }
    /// Within `tolerance` of the largest value there.
    static void expect_near(const at::Tensor& got, const at::Tensor& wanted, double tolerance) {
        ASSERT_EQ(got.sizes(), wanted.sizes());
        const at::Tensor difference = (got.to(at::kDouble) - wanted).abs().max();
        EXPECT_LE(difference.item<double>(), tolerance * wanted.abs().max().item<double>());
    }

    ConvolutionWindow window_;
    std::unique_ptr<TileConvolution> tiles_;
    at::Tensor x_, weight_, bias_, y_, dy_, dx_, dw_;
};

// Half a unit of bf16 is 2^-9 of a value.
constexpr double kRounding = 1.0 / 256, kSums = 1e-5;

TEST_P(TileConvolutions, MakesLibtorchsOutputs) {
    if (!tiles_->takes(Pass::kForward, x_.sizes(), y_.sizes())) GTEST_SKIP() << "with a stride libtorch makes them";
    expect_near(tiles_->forward(x_, weight_, bias_, false), y_, kRounding);
    expect_near(tiles_->forward(x_, weight_, bias_, true), at::relu(y_), kRounding);
    expect_near(tiles_->forward(x_, weight_, std::nullopt, false), y_ - bias_.view({1, -1, 1, 1}), kRounding);
}

TEST_P(TileConvolutions, MakesLibtorchsGradients) {
    const at::Tensor dw = tiles_->weight_gradient(x_, dy_, weight_);
    EXPECT_EQ(dw.scalar_type(), at::kFloat);
    expect_near(dw, dw_, kSums);
    if (tiles_->takes(Pass::kInputGradient, x_.sizes(), y_.sizes()))
        expect_near(tiles_->input_gradient(dy_, weight_, x_), dx_, kRounding);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, TileConvolutions,
    testing::Combine(
        testing::Values(Case{"Same3x3", 2, 32, 9, 7, 48, 3, 1, 1}, Case{"Valid5x5OfTwenty", 3, 20, 12, 12, 50, 5},
                        Case{"Pixels", 5, 64, 7, 5, 33, 1}, Case{"PixelsOf24", 2, 24, 6, 6, 16, 1},
                        Case{"OneChannel", 3, 1, 14, 14, 20, 5}, Case{"Strided7x7", 2, 3, 23, 21, 17, 7, 2, 3},
                        Case{"Strided3x3", 1, 40, 11, 12, 64, 3, 2, 1}, Case{"Strided11x11", 1, 3, 47, 47, 40, 11, 4},
                        Case{"Groups", 2, 96, 8, 8, 64, 5, 1, 2, 2}, Case{"Wide3x3", 1, 144, 5, 40, 80, 3, 1, 1},
                        Case{"ManyPositions", 2, 16, 60, 50, 16, 3, 1, 1},
                        Case{"FullPadding", 2, 32, 6, 6, 32, 3, 1, 2}, Case{"OneOutput", 2, 64, 5, 5, 1, 1}),
        testing::Bool()),
    [](const auto& test) { return std::get<0>(test.param).name + (std::get<1>(test.param) ? "Plain" : "Tiles"); });

}  // namespace
}  // namespace digits
