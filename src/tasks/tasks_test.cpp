#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "data/reports/image_table.hpp"
#include "data/reports/prediction_table.hpp"
#include "tasks/task.hpp"
#include "tasks/testing.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Series = std::vector<std::string>;

const Task& classification() { return *tasks().find("classification"); }

std::string judged(const Series& series) {
    const auto metric = classification().judge(series);
    return metric ? metric->name + (metric->higher_is_better ? " up" : " down") : "none";
}

TEST(Classification, IsJudgedByTheAccuracyOfItsMainOutput) {
    EXPECT_EQ(judged({"accuracy", "loss"}), "accuracy up");
    EXPECT_EQ(judged({"accuracy-top1", "accuracy-top5", "loss"}), "accuracy-top1 up");
    EXPECT_EQ(judged({"loss1/accuracy", "loss1/loss", "accuracy", "accuracy-top5"}), "accuracy up");
    EXPECT_EQ(judged({"accuracy-top5", "loss3/top-1", "loss3/top-5"}), "loss3/top-1 up");
    EXPECT_EQ(judged({"my_accuracy", "loss"}), "my_accuracy up");
    EXPECT_EQ(judged({"accuracy-top5", "loss"}), "accuracy-top5 up");
}

TEST(Classification, IsJudgedByItsLossWithoutAccuracy) {
    EXPECT_EQ(judged({"a_loss", "loss", "number"}), "loss down");
    EXPECT_EQ(judged({"number", "loss1", "loss2"}), "loss1 down");
    EXPECT_EQ(judged({"mean_error"}), "mean_error down");
    EXPECT_EQ(judged({"number"}), "none");
    EXPECT_EQ(judged({}), "none");
}

std::string named(const Outputs& outputs) {
    const auto answer = classification().answer(outputs, {{"cat", "dog", "owl"}, {}}, {});
    return answer ? (*answer)["predictions"][0]["label"].get<std::string>() : answer.error().to_string();
}

TEST(Classification, NamesTheBestClassesFirst) {
    const auto answer = classification().answer(Outputs().add("prob", "Softmax", {3}, {0.25F, 0.5F, 0.25F}),
                                                {{"cat", "dog", "owl"}, {}}, {2});
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, json::parse(R"({"view": "classes", "predictions": [
        {"label": "dog", "index": 1, "probability": 0.5}, {"label": "cat", "index": 0, "probability": 0.25}]})"));
}

TEST(Classification, TakesTheSoftmaxWithOneValueForEachClassWhateverOutputsAreCalled) {
    const std::vector<float> cat{0.8F, 0.1F, 0.1F}, owl{0, 1, 9};
    for (const char* other : {"aaux", "zaux"}) {
        EXPECT_EQ(named(Outputs().add("prob", "Softmax", {3}, cat).add(other, "Softmax", {2}, {0, 1})), "cat") << other;
        EXPECT_EQ(named(Outputs().add(other, "Softmax", {4}, {0, 0, 0, 1}).add("prob", "Softmax", {3}, cat)), "cat");
        EXPECT_EQ(named(Outputs().add("prob", "Softmax", {3}, cat).add(other, "InnerProduct", {3}, owl)), "cat");
    }
    EXPECT_EQ(named(Outputs().add("ip", "InnerProduct", {3}, owl)), "owl") << "a network may end without a Softmax";
    EXPECT_EQ(named(Outputs().add("prob", "Softmax", {5}, {0, 0, 0, 0, 1})), "4") << "more outputs than names";
    EXPECT_EQ(named(Outputs().add("prob", "Softmax", {3, 1, 1}, cat)), "cat");
}

TEST(Classification, TakesTheOutputThatTheValidationJudges) {
    const std::vector<float> cat{0.8F, 0.1F, 0.1F}, owl{0, 0, 1};
    for (const char* other : {"aaux", "zaux"}) {
        EXPECT_EQ(named(Outputs().add("prob", "Softmax", {3}, cat).judged().add(other, "Softmax", {3}, owl)), "cat")
            << other;
        const auto refused = named(Outputs().add("prob", "Softmax", {3}, cat).add(other, "Softmax", {3}, owl));
        EXPECT_THAT(refused, HasSubstr("2 outputs of the network could be the answer"));
        EXPECT_THAT(refused, HasSubstr(other));
    }
    const auto scores =
        named(Outputs().add("map", "Softmax", {3, 2, 2}, std::vector<float>(12)).add("ip", "InnerProduct", {3}, owl));
    EXPECT_THAT(scores, HasSubstr("no output with one value for each class")) << "raw scores are not probabilities";
}

TEST(Classification, RefusesAMapOfClasses) {
    const auto wrong = named(Outputs().add("prob", "Softmax", {3, 1, 2}, {0, 1, 0, 0, 1, 0}));
    EXPECT_THAT(wrong, HasSubstr("prob (3 x 1 x 2)"));
    EXPECT_THAT(wrong, HasSubstr("InnerProduct"));
}

TEST(Tasks, SayInWordsThatAnOutputIsNotFinite) {
    const float nan = std::nanf(""), infinite = HUGE_VALF;
    for (const Task* task : {&classification(), tasks().find("regression")})
        for (const auto& [value, word] :
             {std::pair{nan, "NaN (not a number)"}, {-nan, "NaN (not a number)"}, {infinite, "infinite"}}) {
            const TemporaryFolder folder;
            Outputs outputs;
            outputs.add("prob", "Softmax", {2}, {0.5F, value});
            const TargetFacts facts{{"cat", "dog"}, {}};
            const auto answer = task->answer(outputs, facts, {});
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().code, ErrorCode::kFailedPrecondition);
            EXPECT_THAT(answer.error().message, HasSubstr(fmt::format("\"prob\" is {}", word)));
            EXPECT_THAT(answer.error().advice, HasSubstr("learning rate"));
            auto evaluator = *task->make_evaluator(facts, folder.path());
            const auto added = evaluator->add({0, "a", ClassLabel{0}, {}}, outputs);
            ASSERT_FALSE(added);
            EXPECT_EQ(added.error().message, answer.error().message);
        }
}

TEST(Classification, EvaluatesByClass) {
    const TemporaryFolder folder;
    auto evaluator = classification().make_evaluator({{"cat", "dog"}, {}}, folder.path());
    ASSERT_TRUE(evaluator) << evaluator.error().to_string();
    const auto add = [&](std::uint64_t index, int truth, float cat) {
        Outputs outputs;
        outputs.add("prob", "Softmax", {2}, {cat, 1 - cat});
        ASSERT_TRUE(
            (*evaluator)
                ->add({index, "a, " + std::to_string(index), truth < 0 ? Target() : ClassLabel{truth}, {}}, outputs));
    };
    add(0, 0, 0.75F);
    add(1, 0, 0.25F);
    ASSERT_TRUE((*evaluator)->add_unreadable({2, "b", ClassLabel{1}, {}}));
    add(3, -1, 0.25F);
    const auto report = (*evaluator)->finish();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->members["top1"], 0.5);
    EXPECT_EQ(report->members["labelled"], 2);
    EXPECT_EQ(report->members["confusion"], json::parse("[[0, 0, 1], [0, 1, 1]]"));
    EXPECT_EQ(report->metrics.front(), (std::pair<std::string, double>("accuracy", 0.5)));
    EXPECT_THAT(*read_file(folder.path() / "predictions.csv"),
                HasSubstr("1,\"a, 1\",cat,dog,0.75,cat,0.25,,,,,,\r\n3,\"a, 3\",,dog,0.75,cat,0.25"));
    EXPECT_EQ(PredictionTable::open(folder.path())->count(), 4U) << "what was not readable keeps its place";
}

TEST(Multilabel, NamesTheLikeliestLabels) {
    const auto& multilabel = *tasks().find("multilabel");
    const auto answer =
        multilabel.answer(Outputs().add("ip", "InnerProduct", {3}, {0, -100, 100}), {{}, {"cat", "dog", "owl"}}, {2});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(*answer, json::parse(R"({"view": "classes", "predictions": [
        {"label": "owl", "index": 2, "probability": 1.0}, {"label": "cat", "index": 0, "probability": 0.5}]})"));
    const auto probabilities = multilabel.answer(Outputs().add("prob", "Sigmoid", {2}, {0.25F, 0.5F}), {}, {1});
    EXPECT_EQ((*probabilities)["predictions"][0]["probability"], 0.5) << "they are probabilities already";
    EXPECT_FALSE(multilabel.answer({}, {}, {}));
}

TEST(Multilabel, IsJudgedByItsMap) {
    const auto& multilabel = *tasks().find("multilabel");
    EXPECT_EQ(multilabel.judge(std::vector<std::string>{"loss", "mAP", "f1"})->name, "mAP");
    const auto loss = multilabel.judge(std::vector<std::string>{"loss"});
    EXPECT_TRUE(loss && loss->name == "loss" && !loss->higher_is_better) << "trainings of earlier versions";
}

TEST(Multilabel, EvaluatesEachLabel) {
    const TemporaryFolder folder;
    auto evaluator = tasks().find("multilabel")->make_evaluator({{}, {"cat", "dog"}}, folder.path());
    ASSERT_TRUE(evaluator) << evaluator.error().to_string();
    const auto add = [&](std::vector<float> target, std::vector<float> probabilities) {
        static std::uint64_t next = 0;
        return (*evaluator)
            ->add({next++, "i", target.empty() ? Target() : Tensor{{2}, std::move(target)}, {}},
                  Outputs().add("prob", "Sigmoid", {2}, std::move(probabilities)));
    };
    ASSERT_TRUE(add({1, 0}, {0.9F, 0.1F}));
    ASSERT_TRUE(add({0, 0}, {0.8F, 0.6F}));
    ASSERT_TRUE(add({1, 1}, {0.7F, 0.2F}));
    ASSERT_TRUE(add({}, {0.5F, 0.5F}));
    EXPECT_FALSE(add({1, 0, 0}, {0.5F, 0.5F})) << "another number of labels";
    const auto report = (*evaluator)->finish();
    ASSERT_TRUE(report);
    const auto& members = report->members;
    EXPECT_EQ(report->view, "labels");
    EXPECT_EQ(members["labelled"], 3);
    // Cat: two hits, one false alarm; ranked right, wrong, right. Dog: one false alarm, one miss; ranked wrong, right.
    EXPECT_NEAR(members["labels_of_images"][0]["ap"].get<double>(), (1 + 2.0 / 3) / 2, 1e-12);
    EXPECT_NEAR(members["labels_of_images"][0]["f1"].get<double>(), 0.8, 1e-12);
    EXPECT_NEAR(members["labels_of_images"][1]["ap"].get<double>(), 0.5, 1e-12);
    EXPECT_EQ(members["labels_of_images"][1]["f1"], 0);
    EXPECT_NEAR(members["map"].get<double>(), (5.0 / 6 + 0.5) / 2, 1e-12);
    EXPECT_NEAR(members["macro_f1"].get<double>(), 0.4, 1e-12);
    EXPECT_NEAR(members["micro_f1"].get<double>(), 4.0 / 7, 1e-12);
    EXPECT_NEAR(members["exact"].get<double>(), 1.0 / 3, 1e-12);
    EXPECT_THAT(*read_file(folder.path() / "predictions.csv"), HasSubstr("2,i,cat|dog,0.7,0.2"));
    const auto table = *ImageTable::open(folder.path());
    const auto found = [&](ImageTableQuery query) {
        std::vector<int> indices;
        const auto page = table.find(query);
        for (const auto& row : page->rows) indices.push_back(row["index"]);
        return indices;
    };
    using Indices = std::vector<int>;
    EXPECT_EQ(found({.worst_first = true}), (Indices{1, 2, 0, 3}));
    EXPECT_EQ(found({.truth = 0}), (Indices{0, 2})) << "images with cats";
    EXPECT_EQ(found({.truth = 1, .predicted = 2}), Indices{2}) << "missed dogs";
    EXPECT_EQ(found({.truth = 2}), Indices{1}) << "labels that images do not have";
    EXPECT_EQ((*table.row(2))["labels"], json::parse("[0, 1]"));
    EXPECT_EQ((*table.row(2))["wrong"], 1);
    EXPECT_EQ((*table.row(3))["labels"], nullptr);
    EXPECT_EQ((*table.row(3))["probabilities"], json::parse("[0.5, 0.5]"));
}

const Task& regression() { return *tasks().find("regression"); }

TEST(Regression, IsJudgedByItsLoss) {
    const Series series{"accuracy", "loss"};
    EXPECT_EQ(regression().judge(series)->name, "loss");
    EXPECT_FALSE(regression().judge(series)->higher_is_better);
}

TEST(Regression, AnswersWithAllOutputsAsTheyAre) {
    const auto answer = regression().answer(
        Outputs().add("ip", "InnerProduct", {2}, {1.5F, -2}).add("map", "", {1, 2}, {0, 1}), {{}, {"x", "y"}}, {});
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, json::parse(R"({"view": "raw", "names": ["x", "y"], "outputs": [
        {"name": "ip", "shape": [2], "values": [1.5, -2.0]}, {"name": "map", "shape": [1, 2], "values": [0.0, 1.0]}]})"));
}

TEST(Regression, EvaluatesPairsByTheirDistances) {
    const TemporaryFolder folder;
    TargetFacts facts{{"dissimilar", "similar"}, {}};
    facts.images_per_sample = 2;
    facts.contrastive_margin = 2;
    auto evaluator = regression().make_evaluator(facts, folder.path());
    ASSERT_TRUE(evaluator);
    std::uint64_t next = 0;
    const auto add = [&](bool is_similar, std::vector<float> first, std::vector<float> second) {
        Outputs outputs;
        outputs.add("feat", "InnerProduct", {2}, std::move(first)).add("feat", "InnerProduct", {2}, std::move(second));
        ASSERT_TRUE((*evaluator)->add({next++, "a|b", ClassLabel{is_similar ? 1 : 0}, {}}, outputs));
    };
    add(true, {0, 0}, {0.5F, 0});
    add(true, {1, 1}, {1, 2});
    add(false, {0, 0}, {1, 0});
    add(false, {0, 0}, {3, 4});
    add(true, {0, 0}, {0, 9});
    const auto report = (*evaluator)->finish();
    ASSERT_TRUE(report);
    const auto& members = report->members;
    EXPECT_EQ(report->view, "pairs");
    EXPECT_EQ(members["labelled"], 5);
    EXPECT_EQ(members["similar_pairs"], 3);
    EXPECT_DOUBLE_EQ(members["similar_distance"], (0.5 + 1 + 9) / 3);
    EXPECT_DOUBLE_EQ(members["dissimilar_distance"], (1 + 5) / 2.0);
    EXPECT_DOUBLE_EQ(members["accuracy"], 0.6) << "0.5 is similar, or 0.5 and both of 1: 3 of 5";
    EXPECT_DOUBLE_EQ(members["threshold"], 0.75) << "between 0.5 and 1";
    EXPECT_DOUBLE_EQ(members["loss"], (0.25 + 1 + 1 + 0 + 81) / 2 / 5);
    EXPECT_EQ(*read_file(folder.path() / "predictions.csv"),
              "index,pair,similar,distance\r\n0,a|b,1,0.5\r\n1,a|b,1,1\r\n2,a|b,0,1\r\n3,a|b,0,5\r\n4,a|b,1,9\r\n");
    const auto images = ImageTable::open(folder.path())->find({.worst_first = true})->rows;
    EXPECT_EQ(
        images[0],
        json::parse(R"({"index": 4, "image": "a|b", "similar": true, "predicted_similar": false, "distance": 9.0})"));
    EXPECT_EQ(images.back()["index"], 3) << "the surest right one is last";
    EXPECT_EQ(ImageTable::open(folder.path())->find({.truth = 0, .predicted = 0})->total, 2U);
}

TEST(Regression, EvaluatesByErrors) {
    const TemporaryFolder folder;
    auto evaluator = regression().make_evaluator({{}, {"x", "y"}}, folder.path());
    ASSERT_TRUE(evaluator);
    const auto add = [&](std::uint64_t index, std::vector<float> target, std::vector<float> predicted) {
        return (*evaluator)
            ->add({index, "i", target.empty() ? Target() : Tensor{{2}, std::move(target)}, {}},
                  Outputs().add("ip", "InnerProduct", {2}, std::move(predicted)));
    };
    ASSERT_TRUE(add(0, {1, 2}, {2, 2}));
    ASSERT_TRUE(add(1, {3, 4}, {3, 1}));
    ASSERT_TRUE(add(2, {}, {0, 0}));
    EXPECT_THAT(add(3, {1}, {0, 0}).error().message, HasSubstr("has 2 values, the target of an image has 1"));
    const auto report = (*evaluator)->finish();
    ASSERT_TRUE(report);
    // Errors 1, 0 of x (targets 1, 3) and 0, −3 of y (targets 2, 4).
    EXPECT_EQ(report->view, "numbers");
    EXPECT_DOUBLE_EQ(report->members["mae"], 1);
    EXPECT_DOUBLE_EQ(report->members["rmse"], std::sqrt(10.0 / 4));
    EXPECT_EQ(report->members["labelled"], 2);
    const auto& x = report->members["targets"][0];
    EXPECT_EQ(x["name"], "x");
    EXPECT_DOUBLE_EQ(x["mae"], 0.5);
    EXPECT_DOUBLE_EQ(x["r2"], 0.5);
    EXPECT_EQ(*read_file(folder.path() / "predictions.csv"),
              "index,image,target x,target y,predicted x,predicted y\r\n0,i,1,2,2,2\r\n1,i,3,4,3,1\r\n2,i,,,0,0\r\n");
    const auto table = *ImageTable::open(folder.path());
    EXPECT_EQ(
        *table.row(1),
        json::parse(R"({"index": 1, "image": "i", "target": [3.0, 4.0], "predicted": [3.0, 1.0], "error": 1.5})"));
    EXPECT_EQ((*table.row(2))["error"], nullptr);
    EXPECT_EQ(table.find({.worst_first = true})->rows[0]["index"], 1);
    EXPECT_EQ(table.find({.worst_first = true, .number = 0})->rows[0]["index"], 0) << "by the errors of x alone";
}

TEST(Tasks, KnowWhichSeriesGetBetterAsTheyGrow) {
    for (const Task* task : tasks().all()) {
        EXPECT_TRUE(task->higher_is_better("accuracy")) << task->name();
        EXPECT_FALSE(task->higher_is_better("loss")) << task->name();
        EXPECT_FALSE(task->higher_is_better("loss1/loss")) << task->name();
        for (const auto* name : {"distance", "val_RMSE", "mae[1]", "EuclideanLoss1", "error"})
            EXPECT_FALSE(task->higher_is_better(name)) << name;
        for (const auto* name : {"psnr", "miou", "maelstrom"}) EXPECT_TRUE(task->higher_is_better(name)) << name;
        EXPECT_FALSE(task->name().empty());
        EXPECT_FALSE(task->view().empty());
    }
}

}  // namespace
}  // namespace digits
