#include "engine/net.hpp"

#include <ATen/ATen.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "engine/guard.hpp"

namespace digits {
namespace {

std::unique_ptr<Net> net_of(const std::string& text) {
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    NetOptions options;
    options.state.set_phase(caffe::TRAIN);
    auto net = Net::create(definition, options);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    return net ? std::move(*net) : nullptr;
}

/// L = (1 + 9) / 2 and, behind it, L² with the weight 1/4.
std::unique_ptr<Net> squared_loss(const std::string& loss_weight) {
    auto net = net_of(R"(force_backward: true
        layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 1 dim: 2 } } }
        layer { name: "loss" type: "EuclideanLoss" bottom: "x" bottom: "t" top: "l" )" +
                      loss_weight + R"(}
        layer { name: "square" type: "Power" bottom: "l" top: "square" loss_weight: 0.25 power_param { power: 2 } })");
    EXPECT_TRUE(guarded([&] { net->find_blob("x")->set_data(at::tensor({1.0F, 3.0F}).view({1, 2})); }));
    return net;
}

TEST(Net, AddsUpTheGradientsOfALossThatIsReadAgain) {
    const auto net = squared_loss("loss_weight: 0.5");
    // The weight goes to the first top of the Split layer, and the loss layer has its usual 1 again. That only shows in
    // the sum of losses: L + L / 2 + L² / 4.
    EXPECT_FLOAT_EQ(*net->forward(), 5 + 2.5F + 6.25F);
    ASSERT_TRUE(net->backward());
    // d/dL of L / 2 + L² / 4 is 3.
    EXPECT_FLOAT_EQ(net->find_blob("l")->diff().item<float>(), 3);
    EXPECT_TRUE(at::allclose(net->find_blob("x")->diff(), at::tensor({3.0F, 9.0F}).view({1, 2})));
}

TEST(Net, TakesTheReadersGradientOfALossWithoutAWeight) {
    const auto net = squared_loss("");
    EXPECT_FLOAT_EQ(*net->forward(), 5 + 6.25F);
    for (int pass = 0; pass < 2; ++pass) {
        ASSERT_TRUE(net->backward());
        EXPECT_TRUE(at::allclose(net->find_blob("x")->diff(), at::tensor({2.5F, 7.5F}).view({1, 2})));
    }
}

}  // namespace
}  // namespace digits
