#include "tasks/detection/detection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "data/reports/image_table.hpp"
#include "tasks/testing.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const Task& detection() { return *tasks().find("detection"); }

/// A 200 x 100 image that a network of 100 x 100 sees with its width halved.
AskedImage halved() { return {200, 100, 100, 100, {0.5, 1, 0, 0}}; }

json boxes_of(const Outputs& outputs, const AnswerOptions& options, const TargetFacts& facts = {{"car", "van"}, {}}) {
    const auto answer = detection().answer(outputs, facts, options);
    EXPECT_TRUE(answer) << answer.error().to_string();
    return answer ? (*answer)["boxes"] : json();
}

Outputs decoded(std::vector<float> rows) {
    const auto count = static_cast<std::int64_t>(rows.size() / 6);
    return std::move(Outputs().add("boxes", "DetectionDecode", {count, 6}, std::move(rows)));
}

TEST(Detection, IsJudgedByItsMeanAveragePrecision) {
    const auto judged = [](std::vector<std::string> series) { return detection().judge(series)->name; };
    EXPECT_EQ(judged({"loss", "mAP", "mAP50"}), "mAP");
    EXPECT_EQ(judged({"precision", "recall", "mAP50", "loss"}), "mAP50");
    EXPECT_EQ(judged({"precision", "loss_bbox", "loss_coverage"}), "loss_bbox");
    const std::vector<std::string> none{"precision"};
    EXPECT_FALSE(detection().judge(none));
}

TEST(Detection, AnswersInPixelsOfTheImageItWasAskedAbout) {
    AnswerOptions options;
    options.image = halved();
    const auto outputs = decoded({1, 0.5, 10, 20,     30,   40, /**/ 0, 0.9F, 80, 90,     120,  130, /**/ -1, 0,   0,
                                  0, 0,   0,  /**/ 0, 0.2F, 0,  0,      9,    9,  /**/ 0, 0.8F, 300, 0,       400, 9});
    const auto answer = *detection().answer(outputs, {{"car", "van"}, {}}, options);
    EXPECT_EQ(answer["view"], "boxes");
    EXPECT_EQ(answer["width"], 200);
    EXPECT_EQ(answer["height"], 100);
    ASSERT_EQ(answer["boxes"].size(), 2U) << "the others are empty, below 0.25 or outside";
    EXPECT_EQ(answer["boxes"][0],
              json::parse(R"({"class": 0, "label": "car", "score": 0.8999999761581421, "left": 160.0,
        "top": 90.0, "right": 200.0, "bottom": 100.0})"));
    EXPECT_EQ(answer["boxes"][1]["left"], 20);
    EXPECT_EQ(answer["boxes"][1]["right"], 60);
    options.score_threshold = 0.1;
    EXPECT_EQ(boxes_of(outputs, options).size(), 3U);
    options.score_threshold = 0.95;
    EXPECT_TRUE(boxes_of(outputs, options).empty());
}

TEST(Detection, SuppressesOverlapsWhereItIsAsked) {
    const auto outputs = decoded({0, 0.9F, 0, 0, 50, 50, 0, 0.8F, 5, 0, 55, 50, 1, 0.7F, 5, 0, 55, 50});
    EXPECT_EQ(boxes_of(outputs, {}).size(), 3U);
    AnswerOptions options;
    options.nms_threshold = 0.5;
    const auto kept = boxes_of(outputs, options);
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept[1]["label"], "van");
}

TEST(Detection, ReadsNormalisedRowsOfSsd) {
    AnswerOptions options;
    options.image = halved();
    const auto boxes = boxes_of(Outputs().add("out", "DetectionOutput", {2, 7},
                                              {0, 2, 0.75, 0.1F, 0.2F, 0.3F, 0.4F, -1, -1, -1, -1, -1, -1, -1}),
                                options);
    ASSERT_EQ(boxes.size(), 1U);
    EXPECT_EQ(boxes[0]["label"], "van") << "label 0 is the background";
    EXPECT_NEAR(boxes[0]["left"].get<double>(), 20, 1e-4);
    EXPECT_NEAR(boxes[0]["bottom"].get<double>(), 40, 1e-4);
}

TEST(Detection, ReadsListsOfDetectNet) {
    Outputs outputs;
    outputs.add("coverage", "Sigmoid", {1, 4, 4}, std::vector<float>(16))
        .add("bbox-list", "Python", {2, 5}, {10, 20, 30, 40, 2.5, 0, 0, 0, 0, 0})
        .add("bbox-list-class1", "Python", {2, 5}, {1, 2, 3, 4, 0, 5, 6, 70, 80, 0.7F});
    AnswerOptions options;
    options.image = {100, 100, 100, 100, {}};
    const auto boxes = boxes_of(outputs, options, {{"dontcare", "car", "van"}, {}, 0, {}, {2, 1}});
    ASSERT_EQ(boxes.size(), 2U) << "a confidence of 0 is a single cell";
    EXPECT_EQ(boxes[0]["label"], "van") << "the network's class 0 is the dataset's 2";
    EXPECT_EQ(boxes[0]["score"], 2.5);
    EXPECT_EQ(boxes[1]["label"], "car");
}

TEST(Detection, SaysWhenNothingListsBoxes) {
    const auto answer = detection().answer(Outputs().add("prob", "Softmax", {10}, std::vector<float>(10)), {}, {});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("no output with boxes: its outputs are prob (10)"));
    EXPECT_THAT(detection().answer(decoded({0, std::nanf(""), 0, 0, 1, 1}), {}, {}).error().message,
                HasSubstr("is NaN"));
}

class DetectionEvaluation : public testing::Test {
  protected:
    void SetUp() override {
        auto made = detection().make_evaluator({{"dontcare", "car", "van"}, {}, 0, {}, {}}, folder_.path());
        ASSERT_TRUE(made) << made.error().to_string();
        evaluator_ = std::move(*made);
    }
    void add(std::uint64_t index, Target target, std::vector<float> rows) {
        const auto added =
            evaluator_->add({index, "i" + std::to_string(index), std::move(target), {200, 100, 200, 100, {}}},
                            decoded(std::move(rows)));
        ASSERT_TRUE(added) << added.error().to_string();
    }
    EvaluationReport finish() {
        auto report = evaluator_->finish();
        EXPECT_TRUE(report) << report.error().to_string();
        return report ? std::move(*report) : EvaluationReport();
    }
    static Box box(double left, int label) {
        Box made;
        made.left = left;
        made.right = left + 20;
        made.bottom = 20;
        made.label = label;
        return made;
    }
    json images(ImageTableQuery query) const {
        const auto page = ImageTable::open(folder_.path())->find(query);
        json names = json::array();
        for (const auto& row : page->rows) names.push_back(row["image"]);
        return names;
    }

    const TemporaryFolder folder_;
    std::unique_ptr<Evaluator> evaluator_;
};

TEST_F(DetectionEvaluation, LeadsFromEachNumberToItsImages) {
    // i0: right. i1: a van taken for a car, a false car on the region that does not count. i2: missed, and a false one.
    add(0, Boxes{{box(0, 1)}}, {1, 0.9F, 0, 0, 20, 20});
    add(1, Boxes{{box(0, 2), box(100, 0)}}, {1, 0.8F, 0, 0, 20, 20, 1, 0.7F, 100, 0, 120, 20});
    add(4, Boxes{{box(0, 1)}}, {1, 0.9F, 100, 0, 120, 20});
    add(5, Target(), {1, 0.9F, 0, 0, 20, 20});
    const auto report = finish();
    const auto& members = report.members;
    EXPECT_EQ(members["labelled"], 3);
    EXPECT_EQ(members["objects"], 3);
    EXPECT_EQ(members["detections"], 5);
    ASSERT_EQ(members["classes"].size(), 2U) << "the class that does not count has no numbers";
    const auto& car = members["classes"][0];
    EXPECT_EQ(car["label"], "car");
    EXPECT_EQ(car["objects"], 2);
    EXPECT_EQ(members["classes"][1]["AP"], 0.0);
    EXPECT_EQ(members["background"], 3);
    const double threshold = members["threshold"];
    EXPECT_GT(threshold, 0.7);
    EXPECT_LE(threshold, 0.9);
    EXPECT_EQ(members["curves"]["thresholds"].size(), 101U);
    EXPECT_EQ(members["curves"]["classes"][0]["f1"].size(), 101U);
    // Of the confusion at that threshold.
    EXPECT_THAT(members["confusion"], testing::Contains(json{1, 1, 1}));
    EXPECT_THAT(members["confusion"], testing::Contains(json{1, 3, 1})) << "missed";
    EXPECT_THAT(members["confusion"], testing::Contains(json{3, 1, 1})) << "false";
    EXPECT_EQ(images({1, 1, {}, false, 0, 10}), json({"i0"}));
    EXPECT_EQ(images({1, 3, {}, false, 0, 10}), json({"i4"})) << "of the missed car";
    EXPECT_EQ(images({3, 1, {}, false, 0, 10}), json({"i4"})) << "of the false car";
    EXPECT_EQ(images({{}, {}, false, false, 0, 10}), json({"i1", "i4"}));
    EXPECT_EQ(images({{}, {}, {}, true, 0, 1}), json({"i4"})) << "two errors";
    EXPECT_EQ(images({{}, {}, {}, false, 3, 10}), json({"i5"}));
    const auto row = *ImageTable::open(folder_.path())->row(4);
    EXPECT_EQ(row["missed"], 1);
    EXPECT_EQ(row["boxes"][0]["outcome"], "false");
    EXPECT_EQ(row["objects"][0]["outcome"], "missed");
    EXPECT_EQ(ImageTable::open(folder_.path())->row(3).error().code, ErrorCode::kNotFound);
    EXPECT_THAT(*read_file(folder_.path() / "predictions.csv"),
                HasSubstr("\r\n1,i1,car,0.8,0.00,0.00,20.00,20.00\r\n"));
    EXPECT_EQ(report.metrics.front().first, "mAP");
    EXPECT_TRUE(report.warnings.empty());
}

TEST_F(DetectionEvaluation, ExplainsAPrecisionOfZero) {
    add(0, Boxes{{box(0, 2)}}, {1, 0.9F, 0, 0, 20, 20});
    const auto report = finish();
    EXPECT_EQ(report.members["AP"], 0.0);
    EXPECT_THAT(report.members["explanation"].get<std::string>(), HasSubstr("van is detected as car"));
    EXPECT_EQ(report.warnings.size(), 1U);
}

TEST_F(DetectionEvaluation, HasNoNumbersWithoutTruth) {
    add(0, Target(), {1, 0.9F, 0, 0, 20, 20});
    const auto report = finish();
    EXPECT_TRUE(report.members["AP"].is_null());
    for (const char* name : {"threshold", "precision", "recall", "f1"})
        EXPECT_TRUE(report.members[name].is_null()) << name;
    EXPECT_EQ(report.members["labelled"], 0);
    EXPECT_TRUE(report.metrics.empty());
    EXPECT_TRUE(ImageTable::open(folder_.path())->row(0)->at("boxes")[0]["outcome"].is_null());
}

}  // namespace
}  // namespace digits
