#include "models/proposal.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "models/standard_networks.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Proposal, FineTunesPhotographsWhereWeightsAreHere) {
    const SampleFacts photographs{"classification", 92, 2, 500, 375, "EfficientNet-Lite0"};
    const auto proposal = propose_training(photographs);
    EXPECT_TRUE(proposal.fine_tunes);
    EXPECT_EQ(proposal.image()["width"], 256);
    EXPECT_EQ(proposal.epochs, 16);
    EXPECT_THAT(proposal.reasons.front(), HasSubstr("EfficientNet-Lite0 was trained on a million photographs"));
    const auto from_scratch = propose_training({"classification", 92, 2, 500, 375, ""});
    EXPECT_FALSE(from_scratch.fine_tunes);
    EXPECT_EQ(from_scratch.network, "resnet18");
}

TEST(Proposal, SmallImagesKeepTheirSize) {
    const auto proposal = propose_training({"classification", 60000, 10, 28, 28, "EfficientNet-Lite0"});
    EXPECT_EQ(proposal.network, "lenet");
    EXPECT_EQ(proposal.image()["height"], 28);
    EXPECT_EQ(proposal.epochs, 5);
}

TEST(Proposal, ImagesOfOtherTasksKeepTheirShape) {
    struct Case {
        const char* task;
        int width, height, want_width, want_height;
    };
    for (const auto& one : {Case{"detection", 640, 480, 384, 288}, Case{"detection", 1242, 375, 576, 160},
                            Case{"detection", 100, 60, 96, 64}, Case{"segmentation", 480, 360, 480, 360},
                            Case{"segmentation", 512, 512, 416, 416}, Case{"processing", 256, 256, 256, 256}}) {
        const auto proposal = propose_training({one.task, 100, 3, one.width, one.height, ""});
        EXPECT_EQ(proposal.image_width, one.want_width) << one.task << " " << one.width;
        EXPECT_EQ(proposal.image_height, one.want_height) << one.task << " " << one.width;
        const auto* network = find_standard_network(proposal.network);
        ASSERT_NE(network, nullptr) << one.task;
        EXPECT_EQ(proposal.image()["channels"], network->channels) << one.task;
    }
}

TEST(Proposal, KeepsGreyImagesInOneChannelWhereTheNetworkStartsFromNothing) {
    const auto channels = [](SampleFacts facts, int of_images) {
        facts.channels = of_images;
        return propose_training(facts).channels;
    };
    const SampleFacts digits{"classification", 60'000, 10, 28, 28, ""}, faces{"classification", 300, 40, 92, 112, ""};
    for (const auto& facts :
         {digits, faces, SampleFacts{"detection", 5000, 1, 640, 480, ""},
          SampleFacts{"segmentation", 30, 2, 512, 512, ""}, SampleFacts{"processing", 90, 0, 256, 256, ""},
          SampleFacts{"regression", 9, 0, 64, 64, ""}}) {
        EXPECT_EQ(channels(facts, 1), 1) << facts.task;
        EXPECT_EQ(channels(facts, 3), 3) << facts.task;
    }
    const SampleFacts photographs{"classification", 300, 40, 92, 112, "EfficientNet-Lite0"};
    EXPECT_EQ(channels(photographs, 1), 3) << "the weights are for colour";
    EXPECT_EQ(channels({"segmentation", 30, 2, 512, 512, "EfficientNet-Lite0"}, 1), 3);
}

TEST(Proposal, StartsFromATrunkWhereImagesAreFew) {
    const auto few = propose_training({"detection", 205, 3, 640, 480, "EfficientNet-Lite0"});
    EXPECT_TRUE(few.transfers);
    EXPECT_FALSE(few.fine_tunes);
    EXPECT_EQ(few.model()["network"]["standard"], "detector_lite0");
    EXPECT_THAT(few.reasons.front(), HasSubstr("starts from its layers"));
    EXPECT_EQ(propose_training({"segmentation", 367, 11, 480, 360, "EfficientNet-Lite0"}).network, "segmenter_lite0");
    for (const auto& facts : {SampleFacts{"detection", 205, 3, 640, 480, ""},
                              SampleFacts{"detection", 100'000, 3, 640, 480, "EfficientNet-Lite0"},
                              SampleFacts{"processing", 90, 0, 256, 256, "EfficientNet-Lite0"}}) {
        const auto proposal = propose_training(facts);
        EXPECT_FALSE(proposal.transfers) << facts.task;
        EXPECT_EQ(proposal.network, standard_networks(facts.task).front().name);
    }
}

}  // namespace
}  // namespace digits
