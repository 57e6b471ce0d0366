#include "tasks/segmentation/segmentation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/file.hpp"
#include "data/reports/image_table.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "tasks/segmentation/mask_outputs.hpp"
#include "tasks/testing.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const Task& segmentation() { return *tasks().find("segmentation"); }

/// Scores of 2 classes for a map of 2 x 1 pixels: the left one is class 1.
Outputs two_pixels() { return std::move(Outputs().add("score", "Softmax", {2, 1, 2}, {0.2F, 0.9F, 0.8F, 0.1F})); }

TEST(Segmentation, IsJudgedByItsMeanIou) {
    const auto judged = [](std::vector<std::string> series) { return segmentation().judge(series)->name; };
    EXPECT_EQ(judged({"accuracy", "loss", "miou", "pixel accuracy"}), "miou");
    EXPECT_EQ(judged({"loss", "accuracy"}), "accuracy");
    EXPECT_EQ(judged({"loss"}), "loss");
}

TEST(Segmentation, AnswersWithAMaskAsLargeAsTheImage) {
    AnswerOptions options;
    options.image = {4, 2, 2, 1, {0.5, 0.5, 0, 0}};
    options.encoders.mask = encode_png;
    const auto answer = segmentation().answer(two_pixels(), {{"road", "car"}, {}}, options);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ((*answer)["view"], "mask");
    EXPECT_EQ((*answer)["width"], 4);
    EXPECT_EQ((*answer)["height"], 2);
    EXPECT_EQ((*answer)["classes"], json::parse(R"([
        {"class": 0, "label": "road", "pixels": 4, "share": 0.5, "color": "#000000"},
        {"class": 1, "label": "car", "pixels": 4, "share": 0.5, "color": "#800000"}])"));
    const auto url = (*answer)["mask"].get<std::string>();
    ASSERT_TRUE(url.starts_with("data:image/png;base64,"));
    const auto png = *decode_base64(url.substr(22));
    EXPECT_THAT(png, HasSubstr("PLTE"));
    // Read as colors: class 1 is dark red.
    const auto image = decode_image(png, {});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->width, 4);
    const auto colors = convert_channels(*image, 3);
    EXPECT_EQ(colors.row(0)[0], 0x80);
    EXPECT_EQ(colors.row(1)[9], 0);
}

TEST(Segmentation, MarksWhatTheNetworkDoesNotSee) {
    // The network sees the middle 2 pixels of 4.
    const auto map = *find_class_map(two_pixels(), 2);
    EXPECT_EQ(map_to_image(map, {4, 1, 2, 1, {1, 1, -1, 0}}), (std::vector{-1, 1, 0, -1}));
    // An output of a fourth of the input's size.
    EXPECT_EQ(map_to_image(map, {8, 1, 8, 4, {}}), (std::vector{1, 1, 1, 1, 0, 0, 0, 0}));
}

TEST(Segmentation, ReadsNumbersOfClassesAndChoosesTheOutput) {
    Outputs outputs;
    outputs.add("classes", "ArgMax", {1, 1, 3}, {2, 0, 1});
    EXPECT_EQ(find_class_map(outputs, 3)->ids, (std::vector<std::uint16_t>{2, 0, 1}));
    outputs.add("features", "Convolution", {5, 1, 1}, {0, 1, 2, 3, 4})
        .add("score", "Convolution", {3, 1, 1}, {1, 1, 0});
    EXPECT_EQ(find_class_map(outputs, 3)->ids, std::vector<std::uint16_t>{0}) << "the lowest of equal ones";
    const auto none = find_class_map(Outputs().add("prob", "Softmax", {3}, {0, 1, 0}), 3);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("its outputs are prob (3)"));
}

TEST(Segmentation, HasVocsColors) {
    const TargetFacts facts{{"a", "b", "c", "d", "e"}, {}};
    EXPECT_EQ(class_colors(facts), (std::vector<std::string>{"#000000", "#800000", "#008000", "#808000", "#000080"}));
}

TEST(Segmentation, EvaluatesPixels) {
    const TemporaryFolder folder;
    auto evaluator = *segmentation().make_evaluator({{"road", "car"}, {}, 255, {}, {}}, folder.path());
    const AskedImage image{2, 1, 2, 1, {}};
    const auto add = [&](std::uint64_t index, Target target) {
        return evaluator->add({index, "i" + std::to_string(index), std::move(target), image}, two_pixels());
    };
    ASSERT_TRUE(add(0, Mask{2, 1, {1, 0}}));
    ASSERT_TRUE(add(1, Mask{2, 1, {0, 255}}));
    ASSERT_TRUE(add(2, Target()));
    EXPECT_THAT(add(3, Mask{1, 1, {0}}).error().message, HasSubstr("The mask of i3 is 1 x 1 pixels"));
    const auto report = *evaluator->finish();
    const auto& members = report.members;
    EXPECT_EQ(members["labelled"], 2);
    EXPECT_DOUBLE_EQ(members["pixel_accuracy"], 2. / 3);
    EXPECT_DOUBLE_EQ(members["miou"], 0.5);
    EXPECT_EQ(members["confusion"], json::parse("[[0, 0, 1], [0, 1, 1], [1, 1, 1]]"));
    EXPECT_EQ(members["classes"][1]["predicted"], 2);
    EXPECT_EQ(report.metrics.front(), (std::pair<std::string, double>("miou", 0.5)));
    EXPECT_TRUE(report.warnings.empty());
    const auto page = ImageTable::open(folder.path())->find({{}, {}, {}, true, 0, 1});
    EXPECT_EQ(page->rows[0]["image"], "i1") << "the worst first";
    EXPECT_EQ(page->total, 3U);
    EXPECT_EQ(ImageTable::open(folder.path())->find({0, 1, {}, false, 0, 10})->rows[0]["image"], "i1");
    EXPECT_THAT(*read_file(folder.path() / "predictions.csv"), HasSubstr("0,i0,1,1\r\n1,i1,0,0\r\n2,i2,,\r\n"));
}

TEST(Segmentation, ExplainsAnIouOfZero) {
    const TemporaryFolder folder;
    auto evaluator = *segmentation().make_evaluator({{"road", "car"}, {}}, folder.path());
    ASSERT_TRUE(evaluator->add({0, "i", Mask{2, 1, {0, 1}}, {2, 1, 2, 1, {}}}, two_pixels()));
    EXPECT_THAT(evaluator->finish()->warnings.at(0), HasSubstr("No pixel is predicted right"));
    auto ignored = *segmentation().make_evaluator({{"road", "car"}, {}, 255, {}, {}}, folder.path());
    ASSERT_TRUE(ignored->add({0, "i", Mask{2, 1, {255, 255}}, {2, 1, 2, 1, {}}}, two_pixels()));
    EXPECT_THAT(ignored->finish()->warnings.at(0), HasSubstr("No pixel of the masks has a class"));
}

}  // namespace
}  // namespace digits
