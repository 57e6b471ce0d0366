#include "training/training.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tasks/diverged.hpp"
#include "training/conformance.hpp"

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
