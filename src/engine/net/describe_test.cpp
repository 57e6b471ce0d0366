#include "engine/net/describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "caffe/prototxt.hpp"
#include "engine/solver/training_rate.hpp"

namespace digits {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

caffe::NetParameter standard(const std::string& name, std::uint32_t classes) {
    auto net = *read_net_file(std::string(DIGITS_SOURCE_DIR) + "/networks/" + name + ".prototxt");
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() == "InnerProduct" && !layer.inner_product_param().has_num_output())
            layer.mutable_inner_product_param()->set_num_output(classes);
        if (layer.type() == "Convolution" && !layer.convolution_param().has_num_output())
            layer.mutable_convolution_param()->set_num_output(classes);
    }
    return net;
}

caffe::NetState training() {
    caffe::NetState state;
    state.set_phase(caffe::TRAIN);
    state.add_stage("train");
    return state;
}

const LayerDescription& layer(const NetDescription& net, const std::string& name) {
    return *std::ranges::find(net.layers, name, &LayerDescription::name);
}

TEST(Describe, LeNetHasTheShapesParametersAndOperationsThatItIsKnownFor) {
    const auto net = describe_net(standard("lenet", 10), training(), {{1, 28, 28}, 64});
    ASSERT_TRUE(net) << net.error().to_string();
    EXPECT_EQ(net->batch_size, 64);
    EXPECT_EQ(net->parameters, 431'080);
    EXPECT_THAT(layer(*net, "conv1").shapes.at("conv1"), ElementsAre(64, 20, 24, 24));
    EXPECT_EQ(layer(*net, "conv1").parameters, 520);
    // 24 x 24 places, 20 outputs, 25 products and sums each.
    EXPECT_DOUBLE_EQ(layer(*net, "conv1").flops, 2.0 * 24 * 24 * 20 * 25);
    EXPECT_DOUBLE_EQ(net->forward_flops, 2.0 * (288'000 + 1'600'000 + 400'000 + 5'000));
}

/// Parameters as published: 61 M for AlexNet with its groups, 138 M for VGG-16.
TEST(Describe, KnowsTheSizeOfLargeNetworks) {
    const auto alexnet = describe_net(standard("alexnet", 1000), training(), {{3, 227, 227}, 128});
    ASSERT_TRUE(alexnet) << alexnet.error().to_string();
    EXPECT_EQ(alexnet->parameters, 60'965'224);
    EXPECT_NEAR(alexnet->forward_flops, 1.449e9, 0.02e9);
    const auto vgg = describe_net(standard("vgg16", 1000), training(), {{3, 224, 224}, 32});
    ASSERT_TRUE(vgg) << vgg.error().to_string();
    EXPECT_EQ(vgg->parameters, 138'357'544);
    EXPECT_GT(vgg->memory_bytes, 3 * 4 * vgg->parameters);
}

TEST(Describe, NamesTheLayerThatDoesNotFit) {
    auto net = standard("lenet", 10);
    for (auto& one : *net.mutable_layer())
        if (one.name() == "conv2") one.mutable_convolution_param()->set_kernel_size(0, 50);
    const auto described = describe_net(net, training(), {{1, 28, 28}, 64});
    ASSERT_FALSE(described);
    EXPECT_THAT(described.error().message, HasSubstr("[conv2]"));
}

TEST(TrainingRate, TriesASmallNetworkAtItsOwnBatchSize) {
    const auto rate = measure_training_rate(standard("lenet", 10), {{1, 28, 28}, {}},
                                            {.batch_size = 64, .threads = 1, .budget_s = 0.2});
    ASSERT_TRUE(rate) << rate.error().to_string();
    EXPECT_TRUE(rate->measured);
    EXPECT_EQ(rate->tried_batch_size, 64);
    EXPECT_GT(rate->images_per_s, 1);
}

}  // namespace
}  // namespace digits
