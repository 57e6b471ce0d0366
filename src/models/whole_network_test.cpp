#include "models/whole_network.hpp"

#include <gmock/gmock.h>

#include "caffe/digits_rules.hpp"
#include "caffe/prototxt.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

TrainingData dataset() {
    TrainingData facts;
    facts.label_count = 3;
    facts.channels = 1;
    facts.height = facts.width = 8;
    facts.train_db = "train_db";
    facts.val_db = "val_db";
    facts.train_count = facts.val_count = 10;
    return facts;
}

WholeNetwork whole_of(std::string_view text) {
    const auto net = parse_net_text(text, "test");
    EXPECT_TRUE(net) << net.error().to_string();
    return make_whole_network(*net);
}

/// The types of layers that train and validate, and of those that are used.
std::pair<std::vector<std::string>, std::vector<std::string>> types_of(const caffe::NetParameter& net) {
    TrainingChoices choices;
    choices.mean = MeanMode::kNone;
    const auto files = make_training_files(net, dataset(), choices);
    EXPECT_TRUE(files) << files.error().to_string();
    std::pair<std::vector<std::string>, std::vector<std::string>> types;
    for (const auto& layer : files->train_val.layer()) types.first.push_back(layer.type());
    for (const auto& layer : files->deploy.layer()) types.second.push_back(layer.type());
    return types;
}

constexpr const char* kProduct =
    R"(layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 3 } })";

TEST(WholeNetwork, MakesATrainingNetworkUsable) {
    const auto whole = whole_of(std::string(R"(
        layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { source: "/etc" } }
        layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TEST } data_param { source: "/etc" } })") +
                                kProduct + R"(
        layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }
        layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" })");
    EXPECT_EQ(whole.changes.size(), 3U);
    const auto [training, use] = types_of(whole.net);
    EXPECT_THAT(training, testing::ElementsAre("Data", "Data", "InnerProduct", "Accuracy", "SoftmaxWithLoss"));
    EXPECT_THAT(use, testing::ElementsAre("InnerProduct", "Softmax"));
    EXPECT_THAT(format_prototxt(whole.net), testing::Not(testing::HasSubstr("/etc")));
}

TEST(WholeNetwork, MakesANetworkForUseTrainable) {
    const auto whole =
        whole_of(std::string(kProduct) + R"(layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" })");
    const auto [training, use] = types_of(whole.net);
    EXPECT_THAT(training, testing::ElementsAre("Data", "Data", "InnerProduct", "SoftmaxWithLoss", "Accuracy"));
    EXPECT_THAT(use, testing::ElementsAre("InnerProduct", "Softmax"));
}

TEST(WholeNetwork, LeavesOneThatNamesStages) {
    for (const auto& network : standard_networks()) {
        const auto whole = whole_of(network.prototxt);
        EXPECT_THAT(whole.changes, testing::IsEmpty()) << network.name;
        EXPECT_EQ(format_prototxt(whole.net), format_prototxt(*parse_net_text(network.prototxt, ""))) << network.name;
    }
}

TEST(WholeNetwork, NeverFollowsWhatADataLayerSaysOfFiles) {
    const auto whole = whole_of(R"(
        layer { name: "d" type: "Data" top: "data" top: "label" include { stage: "train" }
                data_param { source: "/etc/passwd" backend: LMDB batch_size: 7 } transform_param { mean_file: "/etc/m" mirror: true } })");
    EXPECT_EQ(whole.changes.size(), 1U);
    const auto text = format_prototxt(whole.net);
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("/etc")));
    EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("batch_size: 7"), testing::HasSubstr("mirror: true")));
}

}  // namespace
}  // namespace digits
