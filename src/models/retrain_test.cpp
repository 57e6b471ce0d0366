#include "models/retrain.hpp"

#include <gmock/gmock.h>

#include "caffe/prototxt.hpp"
#include "caffe/upgrade.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

TEST(Retraining, RenamesTheLastInnerProductAlone) {
    const auto text = renamed_for_retraining(R"(
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1" inner_product_param { num_output: 5 } }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2" }
        layer { name: "softmax" type: "Softmax" bottom: "ip2" top: "softmax" })");
    const auto net = parse_net_text(text, "renamed");
    ASSERT_TRUE(net.has_value()) << net.error().to_string();
    ASSERT_EQ(net->layer_size(), 3);
    EXPECT_EQ(net->layer(0).name(), "ip1");
    EXPECT_EQ(net->layer(1).name(), "ip2_retrain");
    EXPECT_EQ(net->layer(1).top(0), "ip2");
    EXPECT_FALSE(net->layer(1).inner_product_param().has_num_output());
}

TEST(Retraining, LeavesANetworkWithoutInnerProduct) {
    const std::string text = "layer { name: \"a\" type: \"ReLU\" }";
    EXPECT_EQ(renamed_for_retraining(text), text);
    EXPECT_EQ(renamed_for_retraining("layer {"), "layer {");
}

TEST(Retraining, RenamesEveryLayerThatTellsClassesApart) {
    struct Case {
        const char* network;
        std::vector<std::string> layers;
    };
    for (const auto& [name, layers] : {Case{"lenet", {"ip2"}},
                                       {"googlenet", {"loss1/classifier", "loss2/classifier", "loss3/classifier"}},
                                       {"squeezenet", {"conv10"}},
                                       {"alexnet", {"fc8"}}}) {
        const auto* network = find_standard_network(name);
        ASSERT_NE(network, nullptr);
        const auto renamed = with_new_classifier(network->prototxt, 1000);
        EXPECT_EQ(renamed.layers, layers) << name;
        for (const auto& layer : layers)
            EXPECT_THAT(renamed.prototxt, testing::HasSubstr("name: \"" + layer + "_retrain\"")) << name;
    }
}

TEST(Retraining, TakesTheNumberOfClassesFromTheDataset) {
    const auto renamed = with_new_classifier(R"(
        layers { name: "fc7" type: INNER_PRODUCT bottom: "data" top: "fc7" inner_product_param { num_output: 4096 } }
        layers { name: "fc8" type: INNER_PRODUCT bottom: "fc7" top: "fc8" inner_product_param { num_output: 1000 } })",
                                             1000);
    EXPECT_THAT(renamed.layers, testing::ElementsAre("fc8"));
    auto net = parse_net_text(renamed.prototxt, "renamed");
    ASSERT_TRUE(net) << net.error().to_string();
    ASSERT_TRUE(upgrade_net(*net));
    EXPECT_EQ(net->layer(0).inner_product_param().num_output(), 4096U);
    EXPECT_EQ(net->layer(1).name(), "fc8_retrain");
    EXPECT_FALSE(net->layer(1).inner_product_param().has_num_output());
}

TEST(Retraining, LeavesTheTextAsItsAuthorWroteIt) {
    const auto renamed = with_new_classifier(R"(# my network
layer {
  name: "fc"  # the classes
  type: "InnerProduct"
  inner_product_param {
    num_output: 10
    weight_filler { type: "xavier" }
  }
}
)",
                                             10);
    EXPECT_EQ(renamed.prototxt, R"(# my network
layer {
  name: "fc_retrain"  # the classes
  type: "InnerProduct"
  inner_product_param {
    weight_filler { type: "xavier" }
  }
}
)");
}

TEST(Retraining, KnowsTheOldestTexts) {
    const auto renamed = with_new_classifier(
        R"(layers { layer { name: "fc8" type: "innerproduct" num_output: 1000 } bottom: "data" top: "fc8" })", 1000);
    EXPECT_THAT(renamed.layers, testing::ElementsAre("fc8"));
    auto net = parse_net_text(renamed.prototxt, "renamed");
    ASSERT_TRUE(net) << net.error().to_string();
    ASSERT_TRUE(upgrade_net(*net));
    EXPECT_EQ(net->layer(0).name(), "fc8_retrain");
    EXPECT_FALSE(net->layer(0).inner_product_param().has_num_output());
}

}  // namespace
}  // namespace digits
