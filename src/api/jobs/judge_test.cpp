#include "api/jobs/judge.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/jobs/job_view.hpp"

namespace digits::api {
namespace {

/// A model whose validations were: accuracy best at 20, loss lowest at 10.
Job trained() {
    Job job;
    job.kind = "model";
    job.spec = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    job.metrics = {{"train/loss", {40, 4, 0.1}, {}},
                   {"val/accuracy", {40, 4, 0.8}, MetricPoint{20, 2, 0.9}},
                   {"val/loss", {40, 4, 3}, MetricPoint{10, 1, 0.5}}};
    return job;
}

TEST(Judge, TakesTheTasksMetric) {
    auto job = trained();
    EXPECT_EQ(judging_metric(job)->name, "accuracy");
    job.network = std::make_shared<const nlohmann::json>(nlohmann::json{{"task", "regression"}});
    EXPECT_EQ(judging_metric(job)->name, "loss");
    job.network = std::make_shared<const nlohmann::json>(nlohmann::json{{"task", "of another version"}});
    EXPECT_EQ(judging_metric(job)->name, "accuracy");
    job.metrics.clear();
    EXPECT_FALSE(judging_metric(job));
}

TEST(Judge, AnEvaluationIsJudgedByWhatItMeasured) {
    auto evaluation = trained();
    evaluation.kind = "evaluation";
    evaluation.metrics = {{"val/mAP", {26, 1, 0.4}, MetricPoint{26, 1, 0.4}}, {"val/precision", {26, 1, 0.5}, {}}};
    EXPECT_EQ(judging_metric(evaluation)->name, "mAP");
    EXPECT_EQ(best_view(evaluation)["mAP"], 0.4);
    evaluation.metrics = {{"val/miou", {26, 1, 0.7}, MetricPoint{26, 1, 0.7}}};
    EXPECT_EQ(judging_metric(evaluation)->name, "miou");
    evaluation.metrics = {{"val/accuracy", {26, 1, 0.9}, MetricPoint{26, 1, 0.9}}};
    EXPECT_EQ(judging_metric(evaluation)->name, "accuracy");
}

TEST(Judge, ChoosesTheSnapshotOfTheBestValidation) {
    const std::vector<MetricSeries> series{{"val/loss", {{10, 1, 0.5}, {20, 2, 0.25}, {30, 3, 0.75}}}};
    EXPECT_EQ(best_snapshot({10, 20, 30, 40}, Metric{"loss", false}, series), 1);
    EXPECT_EQ(best_snapshot({10, 20, 30, 40}, Metric{"loss", true}, series), 2);
    EXPECT_EQ(best_snapshot({10, 20}, Metric{"accuracy", true}, series), 1) << "without validations the last one";
    EXPECT_EQ(best_snapshot({10, 20}, std::nullopt, series), 1);
    EXPECT_EQ(best_snapshot({}, Metric{"loss", false}, series), -1);
    const std::vector<MetricSeries> zeros{{"val/mAP", {{10, 1, 0}, {20, 2, 0}}}};
    EXPECT_EQ(best_snapshot({10, 20}, Metric{"mAP", true}, zeros), 1) << "nothing was found yet";
}

TEST(Judge, BestIsTheBestOfEachMetricByItsOwnDirection) {
    const auto best = best_view(trained());
    EXPECT_EQ(best["iteration"], 20) << "that of the metric that judges";
    EXPECT_EQ(best["accuracy"], 0.9);
    EXPECT_EQ(best["loss"], 0.5) << "the lowest loss, though the accuracy was best elsewhere";
    EXPECT_FALSE(best.contains("train/loss"));
    auto fresh = trained();
    fresh.metrics.clear();
    EXPECT_TRUE(best_view(fresh).is_null());
}

TEST(Judge, ListsHaveTheDigitsOfFloats) {
    auto job = trained();
    job.metrics.front().last.value = 0.1F;
    const auto listed = nlohmann::json::parse(job_row(job));
    const auto& series = job.metrics.front().series;
    EXPECT_EQ(listed["last"][series].dump(), "0.100000001");
    EXPECT_EQ(static_cast<float>(listed["last"][series].get<double>()), 0.1F);
    EXPECT_EQ(listed["best"]["accuracy"], 0.9);
    EXPECT_EQ(listed["best"]["iteration"].dump(), best_view(job)["iteration"].dump()) << "a whole number";
}

TEST(Judge, LossesFallWhateverTheyAreCalled) {
    auto job = trained();
    EXPECT_FALSE(lower_is_better(job, "pairs"));
    EXPECT_TRUE(lower_is_better(job, "distance")) << "by its name";
    job.network = std::make_shared<const nlohmann::json>(nlohmann::json::parse(
        R"({"outputs": [{"name": "pairs", "type": "loss"}, {"name": "accuracy", "type": "value"}]})"));
    EXPECT_TRUE(lower_is_better(job, "pairs"));
    EXPECT_TRUE(lower_is_better(job, "pairs[1]"));
    EXPECT_FALSE(lower_is_better(job, "pairs_found"));
    EXPECT_FALSE(lower_is_better(job, "accuracy"));
    EXPECT_EQ(job_view(job, Detail::kFull)["lower_is_better"], nlohmann::json::array({"loss"}));
}

}  // namespace
}  // namespace digits::api
