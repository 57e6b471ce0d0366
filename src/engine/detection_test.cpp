#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/guard.hpp"
#include "engine/net/explains_zero.hpp"
#include "engine/net/net.hpp"

// Layers of detectors: numbers worked out by hand, and those of the same loss written with PyTorch's operations
// (bench/torch_peer.py).
namespace digits {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using Inputs = std::vector<std::pair<std::string, at::Tensor>>;

Result<std::unique_ptr<Net>> made(const std::string& layers, const Inputs& inputs, caffe::Phase phase = caffe::TRAIN) {
    std::string text = "force_backward: true\n";
    for (const auto& [name, values] : inputs) {
        text += "layer { name: \"in_" + name + "\" type: \"Input\" top: \"" + name + "\" input_param { shape {";
        for (const auto dim : values.sizes()) text += " dim: " + std::to_string(dim);
        text += " } } }\n";
    }
    caffe::NetParameter definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text + layers, &definition));
    NetOptions options;
    options.state.set_phase(phase);
    DIGITS_ASSIGN(auto net, Net::create(definition, options));
    DIGITS_TRY(guarded([&] {
        for (const auto& [name, values] : inputs) net->find_blob(name)->set_data(values.clone());
    }));
    return net;
}

std::unique_ptr<Net> run(const std::string& layers, const Inputs& inputs, caffe::Phase phase = caffe::TRAIN) {
    auto net = made(layers, inputs, phase);
    EXPECT_TRUE(net) << (net ? "" : net.error().to_string());
    if (!net) return nullptr;
    const auto loss = (*net)->forward();
    EXPECT_TRUE(loss) << (loss ? "" : loss.error().to_string());
    return std::move(*net);
}

std::string refusal(const std::string& layers, const Inputs& inputs) {
    const auto net = made(layers, inputs);
    if (!net) return net.error().to_string();
    const auto loss = (*net)->forward();
    return loss ? "accepted" : loss.error().to_string();
}

std::vector<float> row_of(const at::Tensor& blob, std::int64_t row) {
    const at::Tensor rows = blob.reshape({-1, blob.size(-1)}).contiguous();
    const float* values = rows.data_ptr<float>() + row * rows.size(1);
    return {values, values + rows.size(1)};
}

at::Tensor wave(at::IntArrayRef sizes, double scale, double phase) {
    std::int64_t count = 1;
    for (const auto size : sizes) count *= size;
    return (at::sin(at::arange(count, at::kDouble) * 0.7 + phase) * scale).to(at::kFloat).view(sizes);
}

/// Boxes of a batch in DIGITS's arrays: left, top, width, height, class, flags.
at::Tensor boxes(const std::vector<std::vector<std::array<float, 6>>>& images, float width, float height,
                 std::int64_t rows = 4) {
    const at::Tensor array = at::zeros({static_cast<std::int64_t>(images.size()), 1, rows, 16}, at::kFloat);
    float* out = array.data_ptr<float>();
    for (const auto& image : images) {
        out[0] = static_cast<float>(image.size());
        out[1] = 16;
        out[2] = width;
        out[3] = height;
        for (std::size_t i = 0; i < image.size(); ++i) {
            float* row = out + (i + 1) * 16;
            std::copy_n(image[i].begin(), 4, row);
            row[5] = image[i][4];
            row[6] = image[i][5];
        }
        out += rows * 16;
    }
    return array;
}

constexpr const char* kLoss = R"(layer { name: "loss" type: "DetectionLoss" bottom: "s8" bottom: "d8" bottom: "s16"
    bottom: "d16" bottom: "label" top: "loss" })";

Inputs two_levels() {
    return {{"s8", wave({2, 3, 8, 8}, 2, 0.1)},
            {"d8", wave({2, 4, 8, 8}, 0.8, 0.3)},
            {"s16", wave({2, 3, 4, 4}, 2, 0.2)},
            {"d16", wave({2, 4, 4, 4}, 0.8, 0.4)},
            {"label", boxes({{{4, 6, 30, 24, 1, 0}, {28, 30, 34, 30, 2, 0}}, {{10, 20, 40, 36, 0, 0}}}, 64, 64)}};
}

TEST(DetectionLoss, IsThatOfTheSameLossInPyTorch) {
    const auto net = run(kLoss, two_levels());
    ASSERT_TRUE(net);
    EXPECT_NEAR(*net->loss(), 84.52713, 84.5 * 1e-4);
    ASSERT_TRUE(net->backward());
    const std::map<std::string, double> sums{
        {"s8", 53.208714}, {"s16", 13.634582}, {"d8", 2.2073544}, {"d16", 0.87710798}};
    for (const auto& [blob, sum] : sums)
        EXPECT_NEAR(net->find_blob(blob)->diff().abs().sum().item<double>(), sum, sum * 2e-4) << blob;
}

TEST(DetectionLoss, OfNothingToFindTeachesLowScores) {
    auto inputs = two_levels();
    inputs.back().second = boxes({{}, {}}, 64, 64);
    const auto net = run(kLoss, inputs);
    ASSERT_TRUE(net && net->backward());
    EXPECT_GT(net->find_blob("s8")->diff().min().item<float>(), 0);
    EXPECT_EQ(net->find_blob("d8")->diff().abs().max().item<float>(), 0);
}

TEST(DetectionLoss, LeavesCrowdsAndTheIgnoredClassAlone) {
    auto inputs = two_levels();
    inputs.back().second = boxes({{{0, 0, 64, 64, 1, 2}}, {{0, 0, 64, 32, 2, 0}}}, 64, 64);
    const auto net = run(R"(layer { name: "loss" type: "DetectionLoss" bottom: "s8" bottom: "d8" bottom: "s16"
        bottom: "d16" bottom: "label" top: "loss" loss_param { ignore_label: 2 } })",
                         inputs);
    ASSERT_TRUE(net && net->backward());
    const at::Tensor slope = net->find_blob("s8")->diff();
    EXPECT_EQ(slope[0].abs().max().item<float>(), 0) << "the whole image is a crowd";
    EXPECT_EQ(slope[1].narrow(1, 0, 4).abs().max().item<float>(), 0) << "the upper half is ignored";
    EXPECT_GT(slope[1].narrow(1, 4, 4).min().item<float>(), 0);
}

TEST(DetectionLoss, SaysWhatDoesNotFit) {
    auto inputs = two_levels();
    inputs.back().second = boxes({{{0, 0, 9, 9, 3, 0}}, {}}, 64, 64);
    EXPECT_THAT(refusal(kLoss, inputs), HasSubstr("label 3 lies outside 0 to 2: the network has scores of 3 classes"));
    inputs.back().second = at::zeros({2, 1, 8, 8});
    EXPECT_THAT(refusal(kLoss, inputs), HasSubstr("the labels must be boxes"));
    inputs = two_levels();
    inputs[1].second = at::zeros({2, 4, 8, 7});
    EXPECT_THAT(refusal(kLoss, inputs), HasSubstr("bottoms 0 and 1 must be scores"));
}

/// One level of 4 x 4 cells with stride 8, whose scores are low but for those given.
struct Cell {
    std::int64_t label, row, column;
    float logit;
};

Inputs level(const std::vector<Cell>& cells) {
    const at::Tensor scores = at::full({1, 2, 4, 4}, -9.0F), distances = at::full({1, 4, 4, 4}, std::log(1.5F));
    for (const auto& cell : cells) scores[0][cell.label][cell.row][cell.column].fill_(cell.logit);
    return {{"scores", scores}, {"distances", distances}};
}

TEST(DetectionDecode, GivesBoxesByFallingScoreWithoutThoseThatOverlap) {
    // Boxes of 24 x 24 about the centres; neighbours in a row have an IoU of 1/2.
    const auto net = run(R"(layer { name: "d" type: "DetectionDecode" bottom: "scores" bottom: "distances" top: "found"
        detection_decode_param { nms_threshold: 0.45 keep_top_k: 5 } })",
                         level({{0, 1, 1, 1}, {0, 1, 2, 2}, {1, 1, 1, 0.5F}, {0, 3, 0, -1}, {0, 0, 3, -6}}));
    ASSERT_TRUE(net);
    const at::Tensor found = net->find_blob("found")->data();
    ASSERT_EQ(found.sizes(), (std::vector<std::int64_t>{1, 5, 6}));
    const auto near = [](float value) { return FloatNear(value, 1e-4F); };
    const auto sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
    EXPECT_THAT(row_of(found, 0), ElementsAre(0, near(sigmoid(2)), near(8), near(0), near(32), near(24)));
    EXPECT_THAT(row_of(found, 1), ElementsAre(1, near(sigmoid(0.5F)), near(0), near(0), near(24), near(24)));
    EXPECT_THAT(row_of(found, 2), ElementsAre(0, near(sigmoid(-1)), near(0), near(16), near(16), near(32)))
        << "cut to the image";
    EXPECT_EQ(row_of(found, 3)[0], -1) << "scores below 0.01 are left out";
}

TEST(DetectionMetrics, AreThoseOfTheWholeSet) {
    // Image 1: its box is found, and one is found that is not there. Image 2: its box is not found.
    const auto layers = R"(layer { name: "m" type: "DetectionMetrics" bottom: "found" bottom: "label" top: "mAP"
        top: "mAP50" top: "precision" top: "recall" })";
    const at::Tensor found = at::full({1, 2, 6}, -1.0F);
    const std::vector<float> right{0, 0.9F, 10, 10, 30, 30}, wrong{0, 0.8F, 50, 50, 60, 60};
    found[0][0].copy_(at::tensor(right));
    found[0][1].copy_(at::tensor(wrong));
    const auto net = run(layers, {{"found", found}, {"label", boxes({{{10, 10, 20, 20, 0, 0}}}, 64, 64)}}, caffe::TEST);
    ASSERT_TRUE(net);
    net->begin_set();
    ASSERT_TRUE(net->forward());
    ASSERT_TRUE(guarded([&] {
        net->find_blob("found")->data().fill_(-1);
        net->find_blob("label")->set_data(boxes({{{10, 10, 20, 20, 0, 0}}}, 64, 64));
    }));
    ASSERT_TRUE(net->forward());
    ASSERT_TRUE(net->end_set());
    const auto value = [&](const char* top) { return net->find_blob(top)->data().item<float>(); };
    // COCO's 101 recalls: precision 1 up to recall 0.5, 0 beyond.
    EXPECT_NEAR(value("mAP50"), 51.0 / 101, 1e-6);
    EXPECT_NEAR(value("mAP"), 51.0 / 101, 1e-6);
    EXPECT_NEAR(value("precision"), 0.5, 1e-6);
    EXPECT_NEAR(value("recall"), 0.5, 1e-6);
    net->begin_set();
    ASSERT_TRUE(net->forward() && net->end_set());
    EXPECT_EQ(value("mAP50"), 0) << "nothing is left of the set before";
}

TEST(DetectionMetrics, SaysWhyItIsZero) {
    const std::vector<std::string> names{"cat", "dog"};
    const auto why = [&](const std::vector<float>& row, double smallest) {
        const at::Tensor found = at::tensor(row).view({1, 1, 6});
        const auto net =
            run(R"(layer { name: "m" type: "DetectionMetrics" bottom: "found" bottom: "label" top: "mAP" })",
                {{"found", found}, {"label", boxes({{{10, 10, 20, 20, 0, 0}}}, 64, 64)}}, caffe::TEST);
        EXPECT_TRUE(net && net->end_set());
        return dynamic_cast<const ExplainsZero&>(*net->layers().back()).explain_zero(smallest, names);
    };
    EXPECT_THAT(why({-1, 0, 0, 0, 0, 0}, 0), HasSubstr("detected nothing"));
    EXPECT_THAT(why({0, 0.5F, 40, 40, 60, 60}, 32), HasSubstr("1 of 1 objects are smaller than the 32 pixels"));
    EXPECT_THAT(why({1, 0.5F, 10, 10, 30, 30}, 0), HasSubstr("none has the right class: cat is detected as dog"));
    EXPECT_EQ(why({0, 0.5F, 10, 10, 30, 30}, 0), "");
}

TEST(SegmentationMetrics, SaysThatOneClassIsAllThatIsPredicted) {
    const auto why = [](const at::Tensor& scores, const at::Tensor& label, const std::vector<std::string>& names = {}) {
        const auto net =
            run(R"(layer { name: "m" type: "SegmentationMetrics" bottom: "score" bottom: "label" top: "miou" })",
                {{"score", scores}, {"label", label}}, caffe::TEST);
        EXPECT_TRUE(net && net->end_set());
        return dynamic_cast<const ExplainsZero&>(*net->layers().back()).explain_zero(0, names);
    };
    const at::Tensor scores = at::zeros({1, 3, 2, 2}), label = at::tensor({0.0F, 1.0F, 2.0F, 1.0F}).view({1, 1, 2, 2});
    scores.select(1, 1).fill_(1);
    EXPECT_THAT(why(scores, label), HasSubstr("predicted as class 1, although the masks have 3 classes"));
    EXPECT_THAT(why(scores, label, {"sky", "road", "car"}),
                HasSubstr("predicted as road, although the masks have 3 classes"));
    EXPECT_EQ(why(scores, at::ones({1, 1, 2, 2})), "") << "there is no other class";
    scores[0][2][0][0] = 2;
    EXPECT_EQ(why(scores, label), "");
}

TEST(DetectionMetrics, TakesTheFormsOfSsdAndDetectNet) {
    const at::Tensor label = boxes({{{32, 16, 16, 32, 1, 0}}}, 64, 64);
    const std::vector<float> normalized{0, 2, 0.9F, 0.5F, 0.25F, 0.75F, 0.75F}, pixels{32, 16, 48, 48, 1.5F};
    const auto ssd = run(R"(layer { name: "m" type: "DetectionMetrics" bottom: "found" bottom: "label" top: "mAP" })",
                         {{"found", at::tensor(normalized).view({1, 1, 1, 7})}, {"label", label}}, caffe::TEST);
    ASSERT_TRUE(ssd && ssd->end_set());
    EXPECT_NEAR(ssd->find_blob("mAP")->data().item<float>(), 1, 1e-6);
    const auto lists = run(
        R"(layer { name: "m" type: "DetectionMetrics" bottom: "first" bottom: "second" bottom: "label" top: "mAP" })",
        {{"first", at::zeros({1, 2, 5})}, {"second", at::tensor(pixels).view({1, 1, 5})}, {"label", label}},
        caffe::TEST);
    ASSERT_TRUE(lists && lists->end_set());
    EXPECT_NEAR(lists->find_blob("mAP")->data().item<float>(), 1, 1e-6);
}

TEST(PriorBox, LiesAboutEachCell) {
    const auto net = run(R"(layer { name: "p" type: "PriorBox" bottom: "cells" bottom: "image" top: "priors"
        prior_box_param { min_size: 4 max_size: 9 aspect_ratio: 4 flip: true clip: true variance: 0.1 variance: 0.1
                          variance: 0.2 variance: 0.2 } })",
                         {{"cells", at::zeros({1, 1, 1, 2})}, {"image", at::zeros({1, 3, 10, 20})}});
    ASSERT_TRUE(net);
    const at::Tensor priors = net->find_blob("priors")->data();
    ASSERT_EQ(priors.sizes(), (std::vector<std::int64_t>{1, 2, 2 * 4 * 4}));
    const at::Tensor boxes = priors[0][0].view({8, 4});
    const auto near = [](float value) { return FloatNear(value, 1e-6F); };
    // The first cell's centre is 5, 5 of 20 x 10: sides of 4, of 6 (the root of 4 · 9), of 8 x 2 and of 2 x 8.
    EXPECT_THAT(row_of(boxes, 0), ElementsAre(near(0.15F), near(0.3F), near(0.35F), near(0.7F)));
    EXPECT_THAT(row_of(boxes, 1), ElementsAre(near(0.1F), near(0.2F), near(0.4F), near(0.8F)));
    EXPECT_THAT(row_of(boxes, 2), ElementsAre(near(0.05F), near(0.4F), near(0.45F), near(0.6F)));
    EXPECT_THAT(row_of(boxes, 3), ElementsAre(near(0.2F), near(0.1F), near(0.3F), near(0.9F)));
    EXPECT_THAT(row_of(boxes, 4), ElementsAre(near(0.65F), near(0.3F), near(0.85F), near(0.7F)));
    EXPECT_THAT(row_of(priors[0][1].view({8, 4}), 5), ElementsAre(0.1F, 0.1F, 0.2F, 0.2F));
}

TEST(MultiBoxLoss, CountsTheHardestOthers) {
    // Three priors, the first of which is the box itself. All scores are equal but for the third's, which is the
    // hardest: of the two others one counts (neg_pos_ratio 1).
    const std::vector<float> places{0.1F, 0.1F, 0.4F, 0.4F, 0.5F, 0.5F, 0.7F, 0.7F, 0.7F, 0.1F, 0.9F, 0.4F};
    const at::Tensor priors = at::full({1, 2, 12}, 0.1F);
    priors[0][0].copy_(at::tensor(places));
    const std::vector<float> scores{0, 0, 0, 0, 0, 3}, offsets{0, 0, 0, 2, 5, 5, 5, 5, 5, 5, 5, 5};
    const auto net = run(R"(layer { name: "loss" type: "MultiBoxLoss" bottom: "loc" bottom: "conf" bottom: "priors"
        bottom: "label" top: "loss" multibox_loss_param { num_classes: 2 neg_pos_ratio: 1 code_type: CENTER_SIZE } })",
                         {{"loc", at::tensor(offsets).view({1, 12})},
                          {"conf", at::tensor(scores).view({1, 6})},
                          {"priors", priors},
                          {"label", boxes({{{10, 10, 30, 30, 0, 0}}}, 100, 100)}});
    ASSERT_TRUE(net);
    // Places: smooth L1 of 2 is 1.5. Classes: ln 2 of the first, ln(1 + e³) of the third.
    EXPECT_NEAR(*net->loss(), 1.5 + std::log(2) + std::log(1 + std::exp(3)), 1e-4);
    EXPECT_THAT(refusal(R"(layer { name: "loss" type: "MultiBoxLoss" bottom: "loc" bottom: "conf" bottom: "priors"
        bottom: "label" top: "loss" multibox_loss_param { num_classes: 2 mining_type: HARD_EXAMPLE } })",
                        {{"loc", at::zeros({1, 12})},
                         {"conf", at::zeros({1, 6})},
                         {"priors", priors},
                         {"label", boxes({{}}, 9, 9)}}),
                HasSubstr("HARD_EXAMPLE is not supported"));
}

TEST(ROIPooling, TakesTheLargestOfEachCell) {
    const at::Tensor plane = at::arange(16, at::kFloat).view({1, 1, 4, 4});
    const std::vector<float> region{0, 2, 0, 7, 5};
    const auto net = run(R"(layer { name: "p" type: "ROIPooling" bottom: "x" bottom: "regions" top: "y"
        roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.5 } })",
                         {{"x", plane}, {"regions", at::tensor(region).view({1, 5})}});
    ASSERT_TRUE(net);
    // Columns 1 to 4 (cut at 3) in cells of 2, rows 0 to 3 (2.5 is rounded away from 0) in cells of 2.
    EXPECT_THAT(row_of(net->find_blob("y")->data().view({1, 4}), 0), ElementsAre(6, 7, 14, 15));
}

}  // namespace
}  // namespace digits
