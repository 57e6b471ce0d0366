#include "training/training.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tasks/diverged.hpp"
#include "training/conformance.hpp"
#include "training/snapshot_keeper.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// Learns one number, by steps towards a target that changes with the iteration.
class OneNumber : public Trainee {
  public:
    explicit OneNumber(fs::path folder) : folder_(std::move(folder)) {}

    std::optional<SnapshotFiles> find_snapshot() const override {
        std::optional<SnapshotFiles> newest;
        for (std::int64_t i = 1; i <= 100; ++i)
            if (fs::exists(files(i).state)) newest = files(i);
        return newest;
    }
    std::vector<SnapshotFiles> snapshots() const override {
        std::vector<SnapshotFiles> found;
        for (std::int64_t i = 1; i <= 100; ++i) {
            if (!fs::exists(files(i).weights)) continue;
            found.push_back(files(i));
            if (!fs::exists(found.back().state)) found.back().state.clear();
        }
        return found;
    }
    Result<TraineeFacts> build(std::int64_t first_iteration) override {
        calls += "build " + std::to_string(first_iteration) + "; ";
        return TraineeFacts{{{"distance", true}}, 1, 8};
    }
    Result<std::vector<std::string>> load(const fs::path& weights) override {
        calls += "load " + weights.filename().string() + "; ";
        return std::vector<std::string>{"one layer was ignored"};
    }
    Result<std::int64_t> restore(const SnapshotFiles& snapshot) override {
        std::ifstream(snapshot.weights) >> number;
        std::int64_t iteration = 0;
        std::ifstream(snapshot.state) >> iteration;
        return iteration;
    }
    Result<StepValues> step(std::int64_t iteration) override {
        const float distance = static_cast<float>(iteration % 3) - number;
        number += distance / 4;
        if (iteration == diverges_at) return StepValues{std::numeric_limits<float>::quiet_NaN(), 0.25, 2};
        return StepValues{distance * distance, 0.25, 2};
    }
    NamedValues outputs() const override { return {{"number", number}, {"loss", 7}}; }
    Result<ValidationValues> validate(std::size_t) override {
        const auto batch = batches_++ % 2;
        return ValidationValues{{{"accuracy", batch == 0 ? 0.5F : 0.25F},
                                 {"number", number},
                                 {"of labels", batch == 0 ? 0.5F : 0.25F, batch == 0 ? 2.0 : 6.0},
                                 {"sum", batch == 0 ? 5.0F : 2.0F, 1.0, true}},
                                batch == 0 ? 3 : 1};
    }
    Result<std::int64_t> begin_validation(std::size_t) override {
        batches_ = 0;
        return validation_batches;
    }
    Result<SnapshotFiles> save(std::int64_t iteration) override {
        const auto made = files(iteration);
        DIGITS_TRY(write_file_atomic(made.weights, fmt::format("{:.9g}", number)));
        DIGITS_TRY(write_file_atomic(made.state, std::to_string(iteration)));
        return made;
    }
    Status finish() override {
        calls += "finish; ";
        return {};
    }

    float number = 0;
    std::int64_t diverges_at = -1, validation_batches = 0;
    std::string calls;

  private:
    SnapshotFiles files(std::int64_t iteration) const {
        const auto stem = folder_ / ("one_" + std::to_string(iteration));
        return {iteration, stem.string() + ".weights", stem.string() + ".state"};
    }

    fs::path folder_;
    int batches_ = 0;
};

TrainingPlan plan() {
    TrainingPlan plan;
    plan.iterations = 12;
    plan.iterations_per_epoch = 4;
    plan.display_interval = 1;
    plan.snapshot_interval = 4;
    plan.validation_interval = 4;
    plan.validation_sets = {{"val", 2}};
    return plan;
}

TEST(Training, OneNumberConforms) {
    test_trainee([](const fs::path& folder, TaskContext&) {
        return TraineeInTest{std::make_unique<OneNumber>(folder), plan()};
    });
}

TEST(Training, AsksTheTraineeInOrder) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    auto chosen = plan();
    chosen.weights = {"first.bin", "second.bin"};
    ASSERT_TRUE(run_training(trainee, chosen, context));
    EXPECT_EQ(trainee.calls, "build 0; load first.bin; load second.bin; finish; ");
    EXPECT_EQ(conformance::events_named(context, "log").size(), 2U);

    OneNumber again(folder.path());
    ASSERT_TRUE(run_training(again, chosen, context));
    EXPECT_EQ(again.calls, "build 12; finish; ") << "what is resumed takes no initial weights";
}

TEST(Training, WeighsBatchesOfAValidationByTheirSamples) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    const auto summary = run_training(trainee, plan(), context);
    ASSERT_TRUE(summary);
    EXPECT_FLOAT_EQ(static_cast<float>(context.metrics().at({"val/accuracy", 4})), (3 * 0.5F + 0.25F) / 4);
    EXPECT_FLOAT_EQ(static_cast<float>(context.metrics().at({"val/of labels", 4})), (2 * 0.5F + 6 * 0.25F) / 8);
    EXPECT_EQ(context.metrics().at({"val/sum", 4}), 7);
    EXPECT_THAT(summary->validations.names(), testing::ElementsAre("accuracy", "number", "of labels", "sum"));
}

TEST(Training, LetsTheTraineeSayHowManyBatchesAValidationHas) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    trainee.validation_batches = 3;
    ASSERT_TRUE(run_training(trainee, plan(), context));
    EXPECT_EQ(context.metrics().at({"val/sum", 4}), 5 + 2 + 5);
}

TEST(Training, ReportsOtherOutputsBesideTheLoss) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    auto chosen = plan();
    chosen.display_interval = 5;
    chosen.smoothing = 2;
    ASSERT_TRUE(run_training(trainee, chosen, context));
    const auto metrics = context.metrics();
    for (const std::int64_t iteration : {0, 5, 10, 11}) EXPECT_TRUE(metrics.contains({"train/number", iteration}));
    EXPECT_FALSE(metrics.contains({"train/number", 1}));
    EXPECT_NE(metrics.at({"train/loss", 5}), 7) << "an output cannot replace the loss of the loop";
    EXPECT_EQ(metrics.at({"train/lr", 5}), 0.25);
}

TEST(Training, StopsWithAdviceWhenTheLossIsNaN) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    trainee.diverges_at = 2;
    const auto summary = run_training(trainee, plan(), context);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(has_diverged(summary.error()));
    EXPECT_THAT(summary.error().to_string(), testing::HasSubstr("iteration 2"));
    EXPECT_THAT(summary.error().advice, testing::HasSubstr("learning rate"));
}

TEST(Training, DoesNotBlameTheLearningRateBeforeTheFirstStep) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    trainee.diverges_at = 0;
    const auto summary = run_training(trainee, plan(), context);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_FALSE(has_diverged(summary.error())) << "a smaller rate would not help";
    EXPECT_THAT(summary.error().message, testing::HasSubstr("before the first step"));
    EXPECT_THAT(summary.error().advice, testing::HasSubstr("The learning rate is not the reason"));
}

/// Snapshots as files of nothing, and what is left of them.
class SnapshotKeeperTest : public testing::Test {
  protected:
    void add(std::int64_t iteration) {
        const auto stem = folder_.path() / ("s_" + std::to_string(iteration));
        snapshots_.push_back({iteration, stem.string() + ".weights", stem.string() + ".state"});
        for (const auto& file : {snapshots_.back().weights, snapshots_.back().state}) std::ofstream(file) << "x";
    }
    /// Saves and validates at each of the iterations, as the loop does it.
    void train(SnapshotKeeper& keeper, const std::vector<std::pair<std::int64_t, double>>& accuracies) {
        for (const auto& [iteration, accuracy] : accuracies) {
            add(iteration);
            keeper.tidy(existing());
            keeper.validations().add(iteration, "accuracy", accuracy);
        }
    }
    std::vector<SnapshotFiles> existing() const {
        std::vector<SnapshotFiles> there;
        for (auto snapshot : snapshots_) {
            if (!fs::exists(snapshot.weights)) continue;
            if (!fs::exists(snapshot.state)) snapshot.state.clear();
            there.push_back(snapshot);
        }
        return there;
    }
    std::vector<std::int64_t> iterations(bool with_state = false) const {
        std::vector<std::int64_t> found;
        for (const auto& one : existing())
            if (!with_state || !one.state.empty()) found.push_back(one.iteration);
        return found;
    }

    TemporaryFolder folder_;
    std::vector<SnapshotFiles> snapshots_;
};

TEST_F(SnapshotKeeperTest, KeepsTheBestTheNewestAndOneSolverState) {
    SnapshotKeeper keeper({3, 10}, "classification");
    train(keeper, {{10, 0.5}, {20, 0.9}, {30, 0.9}, {40, 0.8}, {50, 0.7}, {60, 0.6}, {70, 0.6}});
    EXPECT_THAT(iterations(), testing::ElementsAre(20, 50, 60, 70)) << "the earliest of equally good ones";
    EXPECT_THAT(iterations(true), testing::ElementsAre(70));
}

TEST_F(SnapshotKeeperTest, KeepsWhatWasAskedForAndWhatAStopLeft) {
    SnapshotKeeper keeper({1, 10}, "classification");
    train(keeper, {{7, 0.1}, {10, 0.9}, {20, 0.8}, {23, 0.1}, {30, 0.2}, {40, 0.2}});
    EXPECT_THAT(iterations(), testing::ElementsAre(7, 10, 23, 40));
}

TEST_F(SnapshotKeeperTest, JudgesByTheTask) {
    SnapshotKeeper keeper({1, 10}, "regression");
    for (int i = 1; i <= 5; ++i) {
        add(10 * i);
        keeper.tidy(existing());
        keeper.validations().add(10 * i, "loss", i == 2 ? 0.1 : 1);
    }
    EXPECT_THAT(iterations(), testing::ElementsAre(20, 50));
}

TEST_F(SnapshotKeeperTest, RemovesNothingWithoutARule) {
    SnapshotKeeper all({std::nullopt, 10}, "classification"), asked({1, 0}, "classification");
    train(all, {{10, 0.5}, {20, 0.9}});
    train(asked, {{30, 0.5}, {40, 0.9}});
    EXPECT_THAT(iterations(true), testing::ElementsAre(10, 20, 30, 40));
}

TEST_F(SnapshotKeeperTest, KeepsOnlyTheNewestWithoutValidations) {
    SnapshotKeeper keeper({2, 10}, "classification");
    for (int i = 1; i <= 5; ++i) {
        add(10 * i);
        keeper.tidy(existing());
    }
    EXPECT_THAT(iterations(), testing::ElementsAre(40, 50));
}

TEST(Training, TellsWhatItRemovesWithTheNextSnapshot) {
    const TemporaryFolder folder;
    RecordingContext context(folder.path());
    OneNumber trainee(folder.path());
    auto chosen = plan();
    chosen.task = "classification";
    chosen.iterations = 24;
    chosen.keep_newest = 2;
    ASSERT_TRUE(run_training(trainee, chosen, context));
    const auto snapshots = conformance::events_named(context, "snapshot");
    ASSERT_EQ(snapshots.size(), 6U);
    EXPECT_FALSE(snapshots[0].contains("removed"));
    EXPECT_EQ(snapshots[1]["removed"], nlohmann::json({"one_4.state"}));
    EXPECT_EQ(snapshots[3]["removed"], nlohmann::json({"one_8.weights", "one_12.state"}));
    EXPECT_TRUE(fs::exists(folder.path() / "one_4.weights")) << "all are equally good, so the first is the best";
}

TEST(Training, KnowsTheBestOfAnEarlierAttempt) {
    const TemporaryFolder folder;
    const auto log = folder.path() / "events.jsonl";
    std::ofstream(log) << R"({"event": "metrics", "phase": "val", "iteration": 4, "values": {"accuracy": 0.99}})"
                       << '\n';
    auto chosen = plan();
    chosen.task = "classification";
    chosen.keep_newest = 1;
    chosen.event_log = log;
    RecordingContext first(folder.path());
    first.abort_when = [](const auto& event) { return event["event"] == "metrics" && event["iteration"] == 5; };
    OneNumber trainee(folder.path());
    ASSERT_TRUE(run_training(trainee, chosen, first));
    chosen.iterations = 40;
    RecordingContext second(folder.path());
    OneNumber again(folder.path());
    ASSERT_TRUE(run_training(again, chosen, second));
    EXPECT_TRUE(fs::exists(folder.path() / "one_4.weights"));
    EXPECT_FALSE(fs::exists(folder.path() / "one_8.weights"));
}

/// Validates to what it is told, value by value.
class Told final : public OneNumber {
  public:
    Told(fs::path folder, std::vector<float> accuracies) : OneNumber(std::move(folder)), told_(std::move(accuracies)) {}
    Result<TraineeFacts> build(std::int64_t first_iteration) override {
        DIGITS_ASSIGN(auto facts, OneNumber::build(first_iteration));
        facts.outputs.push_back({"pairs", true});
        return facts;
    }
    Result<std::int64_t> restore(const SnapshotFiles& snapshot) override {
        DIGITS_ASSIGN(iteration_, OneNumber::restore(snapshot));
        return iteration_;
    }
    Result<StepValues> step(std::int64_t iteration) override {
        iteration_ = iteration + 1;
        return OneNumber::step(iteration);
    }
    Result<ValidationValues> validate(std::size_t) override {
        const float value = told_.at(static_cast<std::size_t>(iteration_ / 4));
        return ValidationValues{{{"accuracy", value}, {"loss", value}, {"pairs", value}}, 1};
    }

  private:
    std::vector<float> told_;
    std::int64_t iteration_ = 0;
};

class EarlyStoppingTest : public testing::Test {
  protected:
    EarlyStoppingTest() {
        plan_.task = "classification";
        plan_.iterations = 40;
        plan_.patience = 2;
        plan_.event_log = folder_.path() / "events.jsonl";
    }
    /// One attempt; its events are in the event log for the next.
    TrainSummary train(std::vector<float> values, std::int64_t abort_at = -1) {
        RecordingContext context(folder_.path());
        context.abort_when = [&](const auto& event) {
            return event["event"] == "metrics" && event["phase"] == "train" && event["iteration"] == abort_at;
        };
        Told trainee(folder_.path(), std::move(values));
        auto summary = run_training(trainee, plan_, context);
        EXPECT_TRUE(summary) << summary.error().to_string();
        std::ofstream log(plan_.event_log, std::ios::app);
        for (const auto& event : context.events) log << event.dump() << '\n';
        events_ = context.events;
        return summary ? std::move(*summary) : TrainSummary();
    }

    TemporaryFolder folder_;
    TrainingPlan plan_ = plan();
    std::vector<nlohmann::json> events_;
};

TEST_F(EarlyStoppingTest, EndsWithASnapshotWhenNothingImproves) {
    const auto summary = train({0.1F, 0.5F, 0.6F, 0.6F, 0.55F, 0.9F, 1, 1, 1, 1, 1});
    EXPECT_TRUE(summary.stopped_early);
    EXPECT_FALSE(summary.aborted);
    EXPECT_EQ(summary.iterations, 16) << "two validations after the best, at iteration 8";
    EXPECT_TRUE(fs::exists(folder_.path() / "one_16.state"));
    const auto said = std::ranges::any_of(events_, [](const auto& event) {
        return event["event"] == "log" &&
               event["text"].template get<std::string>().find("ends early") != std::string::npos;
    });
    EXPECT_TRUE(said);
}

TEST_F(EarlyStoppingTest, GoesOnWhileItImproves) {
    const auto summary = train({0, 0.1F, 0.05F, 0.2F, 0.1F, 0.3F, 0.2F, 0.4F, 0.3F, 0.5F, 0.4F});
    EXPECT_FALSE(summary.stopped_early);
    EXPECT_EQ(summary.iterations, 40);
}

TEST_F(EarlyStoppingTest, WatchesTheMetricThatIsNamedByItsDirection) {
    plan_.stop_metric = "loss";
    EXPECT_EQ(train({9, 5, 6, 7, 1, 1, 1, 1, 1, 1, 1}).iterations, 12);
}

TEST_F(EarlyStoppingTest, LossesFallWhateverTheyAreCalled) {
    plan_.stop_metric = "pairs";
    EXPECT_EQ(train({9, 5, 6, 7, 1, 1, 1, 1, 1, 1, 1}).iterations, 12);
}

TEST_F(EarlyStoppingTest, RefusesAMetricThatNoValidationHas) {
    plan_.stop_metric = "f1";
    RecordingContext context(folder_.path());
    OneNumber trainee(folder_.path());
    const auto summary = run_training(trainee, plan_, context);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().where, "/early_stopping/metric");
    EXPECT_EQ(summary.error().advice, "Choose one of accuracy, number, of labels, sum");
}

TEST_F(EarlyStoppingTest, AResumedTrainingEndsWhereAnUninterruptedOneDoes) {
    const std::vector<float> values{0.1F, 0.9F, 0.6F, 0.6F, 0.5F, 0.9F, 1, 1, 1, 1, 1};
    EXPECT_TRUE(train(values, 9).aborted);
    EXPECT_EQ(train(values).iterations, 12);
}

TEST_F(EarlyStoppingTest, AnExtendedTrainingCountsAnew) {
    const std::vector<float> values{0.1F, 0.9F, 0.6F, 0.6F, 0.5F, 0.6F, 1, 1, 1, 1, 1};
    EXPECT_EQ(train(values).iterations, 12);
    EXPECT_EQ(train(values).iterations, 20) << "two validations more";
}

TEST(ValidationHistory, KnowsTheBestOfEachMetricByItsDirection) {
    ValidationHistory history;
    const double accuracies[]{0.5, 0.9, 0.9, 0.7}, losses[]{3, 2, 0.5, std::nan("")};
    for (int i = 0; i < 4; ++i) {
        history.add(10 * i, "accuracy", accuracies[i]);
        history.add(10 * i, "loss", losses[i]);
    }
    EXPECT_EQ(history.best({"accuracy", true})->iteration, 10) << "the earliest of equal values";
    EXPECT_EQ(history.best({"loss", false})->iteration, 20);
    EXPECT_EQ(history.best({"loss", false})->value, 0.5);
    EXPECT_FALSE(history.best({"other", true}));
    for (const int iteration : {0, 10, 20}) history.add(iteration, "mAP", 0);
    EXPECT_EQ(history.best({"mAP", true})->iteration, 20) << "0 says that nothing was found yet";
    history.add(10, "mAP", 0.01);
    EXPECT_EQ(history.best({"mAP", true})->iteration, 10);
}

TEST(ValidationHistory, AddsWhatEarlierAttemptsReported) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "events.jsonl")
        << R"({"event": "metrics", "phase": "val", "iteration": 0, "values": {"accuracy": 0.9, "loss": null}})" << '\n'
        << R"({"event": "metrics", "phase": "train", "iteration": 1, "values": {"accuracy": 1.0}})" << '\n'
        << R"({"event": "log", "text": "x"})" << '\n'
        << R"({"event": "metrics", "phase": "val", "iteration": 8, "values": {"accuracy": 0.95}})" << '\n'
        << R"({"event": "metrics", "phase": "val", "itera)";
    ValidationHistory history;
    history.add(8, "accuracy", 0.5);
    history.add_events(folder.path() / "events.jsonl", 8);
    EXPECT_EQ(history.best({"accuracy", true})->iteration, 0);
    EXPECT_EQ(history.best({"accuracy", true})->value, 0.9) << "the value of iteration 8 is that of this attempt";
}

}  // namespace
}  // namespace digits
