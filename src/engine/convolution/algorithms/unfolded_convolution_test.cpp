#include "engine/convolution/algorithms/unfolded_convolution.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

// Convolutions by unfolding, which any number of spatial axes can have, against libtorch's, which knows up to three.
namespace digits {
namespace {

struct Case {
    std::string name;
    ConvolutionWindow window;
    Shape input;
    std::int64_t outputs, groups;
    bool transposed;
    friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name; }
};

ConvolutionWindow window(Shape kernel, Shape stride, Shape pad, Shape dilation) {
    return {1, std::move(kernel), std::move(stride), std::move(pad), std::move(dilation)};
}

class Unfolded : public testing::TestWithParam<Case> {};

TEST_P(Unfolded, IsTheConvolutionOfLibtorch) {
    const Case& one = GetParam();
    const ConvolutionWindow& w = one.window;
    at::manual_seed(2);
    const at::Tensor x = at::randn(one.input);
    Shape sizes{one.transposed ? one.input[1] : one.outputs,
                (one.transposed ? one.outputs : one.input[1]) / one.groups};
    sizes.insert(sizes.end(), w.kernel.begin(), w.kernel.end());
    const at::Tensor weight = at::randn(sizes), bias = at::randn({one.outputs});
    const Shape none(w.kernel.size(), 0);
    const at::Tensor expected =
        at::convolution(x, weight, bias, w.stride, w.pad, w.dilation, one.transposed, none, one.groups);
    const at::Tensor dy = at::randn(expected.sizes());
    const auto [dx, dw, db] = at::convolution_backward(dy, x, weight, std::nullopt, w.stride, w.pad, w.dilation,
                                                       one.transposed, none, one.groups, {true, true, false});

    const UnfoldedConvolution unfolded(w, one.groups, one.transposed);
    EXPECT_TRUE(at::allclose(unfolded.forward(x, weight, bias, false), expected, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(unfolded.input_gradient(dy, weight, x), dx, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(unfolded.weight_gradient(x, dy, weight), dw, 1e-4, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(
    Engine, Unfolded,
    testing::Values(
        Case{"line", window({3}, {2}, {1}, {1}), {2, 4, 9}, 6, 1, false},
        Case{"plane", window({3, 2}, {1, 2}, {1, 0}, {2, 1}), {2, 4, 7, 6}, 6, 2, false},
        Case{"space", window({2, 3, 1}, {1, 2, 1}, {1, 1, 0}, {1, 1, 1}), {1, 2, 4, 5, 3}, 4, 1, false},
        Case{"transposed_plane", window({3, 4}, {2, 2}, {1, 1}, {1, 1}), {2, 4, 3, 4}, 6, 2, true},
        Case{"transposed_space", window({2, 2, 3}, {2, 1, 2}, {0, 0, 1}, {1, 1, 1}), {1, 2, 3, 2, 4}, 4, 1, true}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace digits
