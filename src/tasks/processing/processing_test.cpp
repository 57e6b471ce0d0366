#include "tasks/processing/processing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/file.hpp"
#include "data/reports/image_table.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "tasks/testing.hpp"

namespace digits {
namespace {

using testing::HasSubstr;

const Task& processing() { return *tasks().find("processing"); }

/// Planes B, G, R of 2 x 1 pixels.
Outputs made_image() {
    return std::move(Outputs()
                         .add("features", "ReLU", {5, 1, 1}, std::vector<float>(5))
                         .add("out", "Convolution", {3, 1, 2}, {-5, 10, 20.4F, 20.6F, 300, 30}));
}

TEST(Processing, IsJudgedByItsSignalToNoiseRatio) {
    const auto judged = [](std::vector<std::string> series) { return processing().judge(series)->name; };
    EXPECT_EQ(judged({"loss", "ssim", "psnr"}), "psnr");
    EXPECT_EQ(judged({"loss", "ssim"}), "ssim");
    EXPECT_EQ(judged({"loss"}), "loss");
}

TEST(Processing, AnswersWithAnImage) {
    AnswerOptions options;
    options.encoders.image = encode_png;
    const auto answer = processing().answer(made_image(), {}, options);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ((*answer)["view"], "image");
    EXPECT_EQ((*answer)["width"], 2);
    const auto image = decode_image(*decode_base64((*answer)["image"].get<std::string>().substr(22)), {});
    ASSERT_TRUE(image);
    EXPECT_EQ(image->pixels, (std::vector<std::uint8_t>{255, 20, 0, 30, 21, 10})) << "R G B, rounded and limited";
    const auto none = processing().answer(Outputs().add("prob", "", {2}, {0, 1}), {}, {});
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("no output that is an image: its outputs are prob (2)"));
}

TEST(Processing, TakesNumbersOfTheInputsSizeAsAnImage) {
    AnswerOptions options;
    options.encoders.image = encode_png;
    options.image = {8, 8, 2, 1, {}};
    const auto pixels = [&](const Outputs& outputs) -> std::vector<std::uint8_t> {
        const auto answer = processing().answer(outputs, {}, options);
        if (!answer) return {};
        return decode_image(*decode_base64((*answer)["image"].get<std::string>().substr(22)), {})->pixels;
    };
    const auto sigmoid = std::move(Outputs().add("reconstruction", "Sigmoid", {2}, {0.5F, 1}));
    EXPECT_EQ(pixels(sigmoid), (std::vector<std::uint8_t>{128, 255}));
    const auto planes = std::move(Outputs().add("out", "InnerProduct", {6}, {-5, 10, 20.4F, 20.6F, 300, 30}));
    EXPECT_EQ(pixels(planes), (std::vector<std::uint8_t>{255, 20, 0, 30, 21, 10}));
    options.image = {8, 8, 3, 3, {}};
    EXPECT_TRUE(pixels(sigmoid).empty()) << "of another size";
}

TEST(Processing, EvaluatesImages) {
    const TemporaryFolder folder;
    auto evaluator = *processing().make_evaluator({}, folder.path());
    const auto add = [&](std::uint64_t index, Target target, AskedImage image = {2, 1, 2, 1, {}}) {
        return evaluator->add({index, "i" + std::to_string(index), std::move(target), image}, made_image());
    };
    Image same, other, wide;
    same.reset(2, 1, 3);
    same.pixels = {255, 20, 0, 30, 21, 10};
    other = same;
    other.pixels[0] = 245;
    wide.reset(4, 1, 3);
    std::copy(same.pixels.begin(), same.pixels.end(), wide.pixels.begin() + 3);
    ASSERT_TRUE(add(0, same));
    ASSERT_TRUE(add(1, other));
    ASSERT_TRUE(add(2, Target()));
    ASSERT_TRUE(add(3, wide, {4, 1, 2, 1, {1, 1, -1, 0}})) << "the network sees the middle";
    EXPECT_THAT(add(4, wide).error().message, HasSubstr("the image to make of i4 is 4 x 1"));
    const auto report = *evaluator->finish();
    EXPECT_EQ(report.members["labelled"], 3);
    EXPECT_EQ(report.members["equal"], 2);
    EXPECT_NEAR(report.members["psnr"].get<double>(), 10 * std::log10(255. * 255 * 6 / 100), 1e-9);
    EXPECT_NEAR(report.members["mse"].get<double>(), 100. / 6 / 3, 1e-9);
    EXPECT_EQ(report.metrics.front().first, "psnr");
    const auto page = ImageTable::open(folder.path())->find({{}, {}, {}, true, 0, 10});
    EXPECT_EQ(page->rows[0]["image"], "i1") << "the worst first";
}

}  // namespace
}  // namespace digits
