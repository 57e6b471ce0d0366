#include "engine/products.hpp"

#include <ATen/ATen.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "engine/guard.hpp"
#include "engine/net.hpp"

// Layers that multiply, in less than fp32, against ATen's products in double precision of operands rounded the same
// way.
namespace digits {
namespace {

struct Case {
    const char* name;
    const char* layer;
    Shape bottom;
};

const Case kCases[]{
    {"convolution of 3 x 3",
     "type: 'Convolution' convolution_param { num_output: 24 kernel_size: 3 pad: 1 }",
     {2, 16, 9, 9}},
    {"convolution of 7 x 7 in groups",
     "type: 'Convolution' convolution_param { num_output: 6 kernel_size: 7 stride: 2 group: 2 }",
     {2, 4, 15, 15}},
    {"convolution of 1 x 1", "type: 'Convolution' convolution_param { num_output: 12 kernel_size: 1 }", {2, 8, 5, 5}},
    {"deconvolution",
     "type: 'Deconvolution' convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 }",
     {2, 5, 6, 6}},
    {"inner product", "type: 'InnerProduct' inner_product_param { num_output: 7 }", {5, 3, 4, 4}},
    {"transposed inner product", "type: 'InnerProduct' inner_product_param { num_output: 7 transpose: true }", {5, 48}},
};

struct Values {
    at::Tensor top, bottom_diff, weight_diff, bias_diff;
};

std::unique_ptr<Net> make_net(const Case& one, const ProductMode& mode) {
    std::string dims;
    for (const auto dim : one.bottom) dims += fmt::format("dim: {} ", dim);
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        fmt::format(
            "force_backward: true layer {{ name: 'data' type: 'Input' top: 'x' input_param {{ shape {{ {} }} }} }} "
            "layer {{ name: 'product' bottom: 'x' top: 'y' loss_weight: 1 {} }}",
            dims, one.layer),
        &definition));
    NetOptions options;
    options.products = mode;
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << net.error().to_string();
    return net ? std::move(*net) : nullptr;
}

/// One forward and backward pass on fixed random values; the top's gradient is `gradient` times random ones.
Values run(const Case& one, const ProductMode& mode, double gradient) {
    const auto net = make_net(one, mode);
    Values values;
    const auto status = guarded([&] {
        at::manual_seed(5);
        Layer& layer = *net->find_layer("product");
        Blob &x = *net->find_blob("x"), &y = *net->find_blob("y");
        x.set_data(at::randn(one.bottom));
        for (const auto& blob : layer.blobs()) blob->set_data(at::randn(blob->shape()) * 0.2);
        net->clear_parameter_diffs();
        layer.forward({&x}, {&y});
        y.set_diff(at::randn(y.shape()) * gradient);
        layer.backward({&y}, {true}, {&x});
        values = {y.data(), x.diff(), layer.blobs()[0]->diff(), layer.blobs()[1]->diff()};
    });
    EXPECT_TRUE(status) << status.error().to_string();
    return values;
}

at::ScalarType scalar_type(Precision precision) { return precision == Precision::kBf16 ? at::kBFloat16 : at::kHalf; }

/// What the layer should give: the same layer in fp32 on rounded operands is that up to fp32's rounding.
Values expected(const Case& one, Precision precision, double gradient) {
    const auto net = make_net(one, {});
    const auto rounded = [&](const at::Tensor& x) { return x.to(scalar_type(precision)).to(at::kFloat); };
    Values values;
    const auto status = guarded([&] {
        at::manual_seed(5);
        Layer& layer = *net->find_layer("product");
        Blob &x = *net->find_blob("x"), &y = *net->find_blob("y");
        x.set_data(rounded(at::randn(one.bottom)));
        for (const auto& blob : layer.blobs()) blob->set_data(rounded(at::randn(blob->shape()) * 0.2));
        net->clear_parameter_diffs();
        layer.forward({&x}, {&y});
        const at::Tensor dy = at::randn(y.shape());
        y.set_diff(rounded(dy) * gradient);
        layer.backward({&y}, {true}, {&x});
        values = {y.data(), x.diff(), layer.blobs()[0]->diff(), dy};
    });
    EXPECT_TRUE(status) << status.error().to_string();
    return values;
}

void expect_close(const at::Tensor& got, const at::Tensor& want, double tolerance, const std::string& what) {
    ASSERT_EQ(got.scalar_type(), at::kFloat) << what;
    ASSERT_EQ(got.sizes(), want.sizes()) << what;
    EXPECT_LE((got - want).abs().max().item<double>(), tolerance * want.abs().max().item<double>()) << what;
}

TEST(Products, RoundOperandsAndResultsOnly) {
    constexpr double kBf16Rounding = 1.0 / 256, kFp16Rounding = 1.0 / 2048, kFp32Rounding = 2e-5;
    // A power of two, so that rounding comes out the same before and after it.
    const double gradient = 0.25;
    for (const Case& one : kCases)
        for (const bool emulated : {true, false})
            for (const auto precision : {Precision::kBf16, Precision::kFp16}) {
                const auto what = fmt::format("{}, {}{}", one.name, enum_name(precision), emulated ? ", emulated" : "");
                // Without hardware for it, libtorch rounds sums of a kernel's places on their way, too.
                const double rounding = precision == Precision::kBf16 ? kBf16Rounding : kFp16Rounding;
                const double tolerance = kFp32Rounding + (emulated ? 1 : 3) * rounding;
                const auto got = run(one, {precision, emulated}, gradient);
                const auto want = expected(one, precision, gradient);
                expect_close(got.top, want.top, tolerance, what + ": top");
                expect_close(got.bottom_diff, want.bottom_diff, tolerance, what + ": bottom's gradient");
                expect_close(got.weight_diff, want.weight_diff, tolerance, what + ": weight's gradient");
            }
}

TEST(Products, DifferFromFp32) {
    const auto low = run(kCases[0], {Precision::kBf16, true}, 1), full = run(kCases[0], {}, 1);
    const double error = (low.top - full.top).abs().max().item<double>();
    EXPECT_GT(error, 1e-3);
    EXPECT_LT(error, 0.1);
}

// fp16 ends at 6e-8: without scaling all of this would be 0; and at 65504, which the second would pass.
TEST(Products, ScaleGradientsOfFp16) {
    for (const Case& one : kCases)
        for (const double gradient : {1e-9, 3e4}) {
            const auto got = run(one, {Precision::kFp16, true}, gradient), want = run(one, {}, gradient);
            const auto what = fmt::format("{}, gradients of {}", one.name, gradient);
            expect_close(got.bottom_diff, want.bottom_diff, 3e-3, what + ": bottom");
            expect_close(got.weight_diff, want.weight_diff, 3e-3, what + ": weight");
            expect_close(got.bias_diff, want.bias_diff, 1e-6, what + ": bias");
        }
    const auto nothing = run(kCases[4], {Precision::kFp16, true}, 0);
    EXPECT_EQ(nothing.weight_diff.abs().max().item<double>(), 0);
}

TEST(ProductMode, RefusesWhatIsSlower) {
    EXPECT_TRUE(product_mode(Precision::kFp32, {}));
    const auto mode = product_mode(Precision::kBf16, {});
    if (mode) {
        EXPECT_FALSE(mode->emulated);
        return;
    }
    EXPECT_EQ(mode.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(mode.error().message.find("bf16 would be slower here"), std::string::npos) << mode.error().message;
    EXPECT_NE(mode.error().advice.find("Train in fp32"), std::string::npos) << mode.error().advice;
    EXPECT_EQ(mode.error().where, "/precision");
    ::setenv("DIGITS_EMULATE_PRECISION", "1", 1);
    const auto emulated = product_mode(Precision::kBf16, {});
    ::unsetenv("DIGITS_EMULATE_PRECISION");
    ASSERT_TRUE(emulated);
    EXPECT_TRUE(emulated->emulated);
}

}  // namespace
}  // namespace digits
