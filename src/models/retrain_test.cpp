#include "models/retrain.hpp"

#include <gmock/gmock.h>

#include "caffe/prototxt.hpp"

namespace digits {
namespace {

TEST(Retraining, RenamesTheLastInnerProductAlone) {
    const auto text = renamed_for_retraining(R"(
        layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1" inner_product_param { num_output: 5 } }
        layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2" }
        layer { name: "softmax" type: "Softmax" bottom: "ip2" top: "softmax" })");
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    const auto net = parse_net_text(*text, "renamed");
    ASSERT_TRUE(net.has_value()) << net.error().to_string();
    ASSERT_EQ(net->layer_size(), 3);
    EXPECT_EQ(net->layer(0).name(), "ip1");
    EXPECT_EQ(net->layer(1).name(), "ip2_retrain");
    EXPECT_EQ(net->layer(1).top(0), "ip2");
    EXPECT_FALSE(net->layer(1).inner_product_param().has_num_output());
}

TEST(Retraining, LeavesANetworkWithoutInnerProduct) {
    const std::string text = "layer { name: \"a\" type: \"ReLU\" }";
    EXPECT_EQ(renamed_for_retraining(text).value(), text);
    EXPECT_FALSE(renamed_for_retraining("layer {").has_value());
}

}  // namespace
}  // namespace digits
