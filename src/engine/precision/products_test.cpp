#include "engine/precision/products.hpp"

#include <ATen/ATen.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "engine/device/device.hpp"
#include "engine/guard.hpp"
#include "engine/net/net.hpp"
#include "engine/net/place.hpp"

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
    {"convolution of 3 x 3 over many pixels",
     "type: 'Convolution' convolution_param { num_output: 24 kernel_size: 3 pad: 1 }",
     {4, 16, 32, 32}},
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
        EXPECT_EQ(y.data().scalar_type(), mode.low_blobs() ? at::kBFloat16 : at::kFloat) << one.name;
        values = {y.data().to(at::kFloat), x.diff().to(at::kFloat), layer.blobs()[0]->diff(), layer.blobs()[1]->diff()};
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

/// Layers that take bf16 and layers that do not, in place and apart, with readers of both kinds behind one blob.
constexpr std::string_view kMixedNet = R"(
layer { name: 'data' type: 'Input' top: 'data' top: 'label'
        input_param { shape { dim: 4 dim: 3 dim: 14 dim: 14 } shape { dim: 4 } } }
layer { name: 'conv1' type: 'Convolution' bottom: 'data' top: 'conv1' convolution_param { num_output: 16 kernel_size: 3 pad: 1 weight_filler { type: 'msra' } } }
layer { name: 'bn1' type: 'BatchNorm' bottom: 'conv1' top: 'conv1' }
layer { name: 'scale1' type: 'Scale' bottom: 'conv1' top: 'conv1' scale_param { bias_term: true } }
layer { name: 'relu1' type: 'ReLU' bottom: 'conv1' top: 'conv1' }
layer { name: 'norm1' type: 'LRN' bottom: 'conv1' top: 'norm1' }
layer { name: 'pool1' type: 'Pooling' bottom: 'conv1' top: 'pool1' pooling_param { kernel_size: 3 stride: 2 } }
layer { name: 'pool2' type: 'Pooling' bottom: 'norm1' top: 'pool2' pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
layer { name: 'conv2' type: 'Convolution' bottom: 'pool1' top: 'conv2' convolution_param { num_output: 16 kernel_size: 1 weight_filler { type: 'msra' } } }
layer { name: 'bn2' type: 'BatchNorm' bottom: 'conv2' top: 'bn2' }
layer { name: 'relu2' type: 'ReLU' bottom: 'bn2' top: 'relu2' }
layer { name: 'sum' type: 'Eltwise' bottom: 'relu2' bottom: 'pool2' top: 'sum' }
layer { name: 'both' type: 'Concat' bottom: 'sum' bottom: 'conv2' top: 'both' }
layer { name: 'up' type: 'Deconvolution' bottom: 'both' top: 'up' convolution_param { num_output: 8 kernel_size: 2 stride: 2 weight_filler { type: 'msra' } } }
layer { name: 'tanh' type: 'TanH' bottom: 'up' top: 'up' }
layer { name: 'drop' type: 'Dropout' bottom: 'up' top: 'up' dropout_param { dropout_ratio: 0 } }
layer { name: 'ip' type: 'InnerProduct' bottom: 'up' top: 'ip' inner_product_param { num_output: 5 weight_filler { type: 'xavier' } } }
layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' top: 'loss' }
)";

struct MixedRun {
    std::unique_ptr<Net> net;
    float loss = 0;
    std::vector<at::Tensor> gradients;
};

MixedRun run_mixed(const ProductMode& products, bool generic_kernels, const Device& device) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(kMixedNet), &definition));
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    options.products = products;
    options.generic_kernels = generic_kernels;
    options.device = device;
    MixedRun run;
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    if (!net) return run;
    run.net = std::move(*net);
    at::manual_seed(3);
    EXPECT_TRUE(guarded([&] {
        run.net->find_blob("data")->set_data(at::randn({4, 3, 14, 14}).to(place(device)));
        run.net->find_blob("label")->set_data(at::tensor({0.0F, 1.0F, 2.0F, 3.0F}).to(place(device)));
    }));
    for (int pass = 0; pass < 2; ++pass) {
        run.net->clear_parameter_diffs();
        const auto loss = run.net->forward();
        EXPECT_TRUE(loss) << (loss ? "" : loss.error().to_string());
        if (!loss) return run;
        run.loss = *loss;
        const auto back = run.net->backward();
        EXPECT_TRUE(back) << (back ? "" : back.error().to_string());
    }
    for (const auto& parameter : run.net->learnable_parameters())
        if (parameter.lr_mult != 0) run.gradients.push_back(parameter.blob->diff().to(at::kCPU));
    return run;
}

void expect_mixed_close_to_fp32(Precision precision, bool generic_kernels, const Device& device) {
    const auto low = run_mixed({precision, false}, generic_kernels, device), full = run_mixed({}, true, {});
    ASSERT_EQ(low.gradients.size(), full.gradients.size());
    EXPECT_NEAR(low.loss, full.loss, 0.02 * full.loss);
    for (std::size_t i = 0; i < full.gradients.size(); ++i) {
        EXPECT_EQ(low.gradients[i].scalar_type(), at::kFloat) << i;
        const double size = full.gradients[i].norm().item<double>();
        // The bias in front of a normalization has no effect, and a gradient of rounding errors only.
        if (size < 1e-4) continue;
        EXPECT_LT((low.gradients[i] - full.gradients[i]).norm().item<double>(), 0.1 * size) << i;
    }
    const bool half = precision == Precision::kBf16;
    EXPECT_EQ(low.net->find_blob("conv2")->data().scalar_type(), half ? at::kBFloat16 : at::kFloat);
    EXPECT_EQ(low.net->find_blob("norm1")->data().scalar_type(), at::kFloat);
    EXPECT_EQ(low.net->find_blob("ip")->data().scalar_type(), at::kFloat);
    EXPECT_EQ(low.net->find_blob("loss")->data().scalar_type(), at::kFloat);
}

TEST(LowBlobs, PassBetweenLayersThatTakeThem) {
    for (const bool generic : {true, false}) expect_mixed_close_to_fp32(Precision::kBf16, generic, {});
}

// Scores of 1 and 1 + 2⁻¹⁰, which bf16 cannot tell apart; equal ones count as wrong.
TEST(LowBlobs, LeaveScoresExact) {
    caffe::NetParameter definition;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
        layer { name: 'in' type: 'Input' top: 'x' top: 'label' input_param { shape { dim: 1 dim: 1 } shape { dim: 1 } } }
        layer { name: 'ip' type: 'InnerProduct' bottom: 'x' top: 'ip' inner_product_param { num_output: 2 } }
        layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' top: 'loss' }
        layer { name: 'accuracy' type: 'Accuracy' bottom: 'ip' bottom: 'label' top: 'accuracy' })",
                                                              &definition));
    for (const bool emulated : {false, true}) {
        NetOptions options;
        options.state.set_phase(caffe::TEST);
        options.products = {Precision::kBf16, emulated};
        const auto net = *Net::create(definition, options);
        ASSERT_TRUE(guarded([&] {
            net->find_blob("x")->set_data(at::ones({1, 1}));
            net->find_blob("label")->set_data(at::ones({1}));
            net->find_layer("ip")->blobs()[0]->set_data(at::tensor({1.0F, 1.0F + 1.0F / 1024}).view({2, 1}));
        }));
        ASSERT_TRUE(net->forward());
        EXPECT_EQ(scalar_value(*net->find_blob("accuracy")), 1) << emulated;
    }
}

TEST(LowBlobs, PassOnTheGpu) {
    if (!default_device().is_cuda) GTEST_SKIP() << "there is no GPU";
    for (const auto precision : {Precision::kBf16, Precision::kFp16})
        expect_mixed_close_to_fp32(precision, false, default_device());
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
