#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/guard.hpp"
#include "engine/net/net.hpp"

// Numbers of single layers that neither the golden cases nor central differences can tell: worked out by hand, or
// against the same layers with blobs of their own.
namespace digits {
namespace {

using Inputs = std::map<std::string, at::Tensor>;

/// A forward and a backward pass.
std::unique_ptr<Net> run(const std::string& layers, const Inputs& inputs) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("force_backward: true " + layers, &definition));
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    if (!net) return nullptr;
    EXPECT_TRUE(guarded([&] {
        for (const auto& [name, values] : inputs) (*net)->find_blob(name)->set_data(values.clone());
    }));
    EXPECT_TRUE((*net)->forward());
    EXPECT_TRUE((*net)->backward());
    return std::move(*net);
}

/// Input layers for blobs of these shapes.
std::string inputs_of(const Inputs& inputs) {
    std::string text;
    for (const auto& [name, values] : inputs) {
        text += "layer { name: \"in_" + name + "\" type: \"Input\" top: \"" + name + "\" input_param { shape {";
        for (const auto dim : values.sizes()) text += " dim: " + std::to_string(dim);
        text += " } } }\n";
    }
    return text;
}

at::Tensor some_values(at::IntArrayRef sizes) {
    auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
    generator.set_current_seed(3);
    return at::randn(sizes, generator);
}

/// The layers' gradients must be the same whether a ReLU behind their top "y" works in place or not.
void expect_same_before_work_in_place(const std::string& layers, const Inputs& inputs) {
    const auto net = [&](const std::string& top) {
        return run(inputs_of(inputs) + layers + R"(layer { name: "relu" type: "ReLU" bottom: "y" top: ")" + top +
                       R"(" } layer { name: "loss" type: "Reduction" bottom: ")" + top +
                       R"(" top: "loss" loss_weight: 1 reduction_param { operation: SUMSQ } })",
                   inputs);
    };
    const auto in_place = net("y"), apart = net("z");
    ASSERT_TRUE(in_place && apart);
    EXPECT_TRUE(at::allclose(in_place->find_blob("x")->diff(), apart->find_blob("x")->diff(), 1e-5, 1e-6));
    EXPECT_TRUE(at::equal(in_place->find_blob("x")->data(), apart->find_blob("x")->data()));
    const auto &got = in_place->learnable_parameters(), &want = apart->learnable_parameters();
    for (std::size_t i = 0; i < want.size(); ++i)
        EXPECT_TRUE(at::allclose(got[i].blob->diff(), want[i].blob->diff(), 1e-5, 1e-6)) << i;
}

TEST(RNN, IsNotSpoiltByWorkInPlaceOnItsTop) {
    expect_same_before_work_in_place(R"(layer { name: "rnn" type: "RNN" bottom: "x" bottom: "cont" top: "y"
        recurrent_param { num_output: 3 weight_filler { type: "uniform" min: -1 } bias_filler { type: "uniform" } } })",
                                     {{"x", some_values({3, 2, 4})}, {"cont", at::ones({3, 2})}});
}

TEST(LRN, WithinAChannelIsNotSpoiltByWorkInPlaceOnItsTop) {
    expect_same_before_work_in_place(R"(layer { name: "norm" type: "LRN" bottom: "x" top: "y"
        lrn_param { local_size: 3 alpha: 2 norm_region: WITHIN_CHANNEL } })",
                                     {{"x", some_values({1, 2, 3, 4})}});
}

TEST(Crop, OfEverythingHasMemoryOfItsOwn) {
    const Inputs inputs{{"x", some_values({1, 2, 3, 3})}, {"size", at::zeros({1, 2, 3, 3})}};
    expect_same_before_work_in_place(R"(layer { name: "crop" type: "Crop" bottom: "x" bottom: "size" top: "y" })",
                                     inputs);
}

TEST(Pooling, TakesNoNoticeOfOneSideBesideKernelSize) {
    const Inputs inputs{{"x", some_values({1, 1, 4, 4})}};
    const auto net = run(inputs_of(inputs) + R"(layer { name: "pool" type: "Pooling" bottom: "x" top: "y"
        pooling_param { kernel_size: 2 kernel_h: 3 } })",
                         inputs);
    ASSERT_TRUE(net);
    EXPECT_EQ(net->find_blob("y")->shape(), (Shape{1, 1, 3, 3}));
}

TEST(Slice, AtTheEndLeavesAnEmptyTop) {
    const Inputs inputs{{"x", some_values({2, 3})}};
    const auto net = run(inputs_of(inputs) + R"(layer { name: "cut" type: "Slice" bottom: "x" top: "all" top: "none"
        slice_param { slice_point: 3 } })",
                         inputs);
    ASSERT_TRUE(net);
    EXPECT_TRUE(at::equal(net->find_blob("all")->data(), inputs.at("x")));
    EXPECT_EQ(net->find_blob("none")->shape(), (Shape{2, 0}));
}

TEST(ContrastiveLoss, TakesTheWholePartOfALabel) {
    // 0.5 is 0: a pair that should lie 3 apart, and is 1 apart. (3 - 1)² / 2.
    const Inputs inputs{
        {"a", at::tensor({1.0F, 0.0F}).view({1, 2})}, {"b", at::zeros({1, 2})}, {"similar", at::full({1}, 0.5F)}};
    const auto net = run(inputs_of(inputs) + R"(layer { name: "loss" type: "ContrastiveLoss" bottom: "a" bottom: "b"
        bottom: "similar" top: "loss" contrastive_loss_param { margin: 3 } })",
                         inputs);
    ASSERT_TRUE(net);
    EXPECT_FLOAT_EQ(scalar_value(*net->find_blob("loss")), 2);
}

TEST(LSTM, HasTheForgetGatesSlopeOfCaffe) {
    // All weights are 0: σ is 1/2 for each gate and tanh(g) is 0. With F = cont σ(f) = 1/4, c = F c_before = 1/4, and
    // the gradient at f is dc c_before F (1 - F), dc = σ(o) (1 - tanh² c).
    const Inputs inputs{{"x", at::ones({1, 1, 1})},
                        {"cont", at::full({1, 1}, 0.5F)},
                        {"h0", at::zeros({1, 1, 1})},
                        {"c0", at::ones({1, 1, 1})}};
    const auto net = run(inputs_of(inputs) + R"(
        layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" bottom: "h0" bottom: "c0" top: "h" top: "hT" top: "cT"
                recurrent_param { num_output: 1 expose_hidden: true } }
        layer { name: "loss" type: "Reduction" bottom: "h" top: "loss" loss_weight: 1 })",
                         inputs);
    ASSERT_TRUE(net);
    EXPECT_FLOAT_EQ(scalar_value(*net->find_blob("cT")), 0.25F);
    const double dc = 0.5 * (1 - std::pow(std::tanh(0.25), 2));
    EXPECT_NEAR(net->find_layer("lstm")->blobs()[1]->diff()[1].item<double>(), dc * 0.25 * 0.75, 1e-6);
}

}  // namespace
}  // namespace digits
