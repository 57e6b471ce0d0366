#pragma once

// What every trainee must do, as tests that each framework's own test calls with a way to make its trainee:
//
//   TEST(MyTrainee, Conforms) { test_trainee([](const auto& folder, auto& context) { return make(folder, context); });
//   }

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "base/file.hpp"
#include "training/recording_context.hpp"
#include "training/training.hpp"

namespace digits {

struct TraineeInTest {
    std::unique_ptr<Trainee> trainee;
    TrainingPlan plan;  ///< of at least 12 iterations, each displayed, validated and kept as a snapshot every 4
};

/// A trainee whose files are in `folder`, as after the start of a process. The same arguments give equal trainings.
using MakeTrainee = std::function<TraineeInTest(const std::filesystem::path& folder, TaskContext& context)>;

namespace conformance {

inline TrainSummary run(const MakeTrainee& make, RecordingContext& context) {
    auto made = make(context.job_dir(), context);
    auto summary = run_training(*made.trainee, made.plan, context);
    EXPECT_TRUE(summary) << summary.error().to_string();
    return summary ? std::move(*summary) : TrainSummary();
}

inline std::vector<nlohmann::json> events_named(const RecordingContext& context, const std::string& name) {
    std::vector<nlohmann::json> found;
    for (const auto& event : context.events)
        if (event["event"] == name) found.push_back(event);
    return found;
}

/// Every snapshot event names files that are there, with increasing iterations.
inline void expect_snapshots(const RecordingContext& context, std::int64_t last) {
    std::int64_t before = -1;
    for (const auto& event : events_named(context, "snapshot")) {
        EXPECT_GT(event["iteration"].get<std::int64_t>(), before);
        before = event["iteration"].get<std::int64_t>();
        for (const char* file : {"weights", "state"})
            EXPECT_TRUE(std::filesystem::is_regular_file(context.job_dir() / event[file].get<std::string>()))
                << event.dump();
    }
    EXPECT_EQ(before, last) << "the last snapshot is that of the last iteration";
}

}  // namespace conformance

inline void test_trainee(const MakeTrainee& make) {
    using namespace conformance;
    const TemporaryFolder folder;
    const auto job = [&](const char* name) {
        std::filesystem::create_directories(folder.path() / name);
        return RecordingContext(folder.path() / name);
    };

    SCOPED_TRACE("one uninterrupted training");
    auto whole = job("whole");
    const auto summary = run(make, whole);
    const auto plan = make(whole.job_dir(), whole).plan;
    EXPECT_EQ(summary.iterations, plan.iterations);
    EXPECT_FALSE(summary.aborted);
    ASSERT_EQ(events_named(whole, "network").size(), 1U);
    EXPECT_GT(events_named(whole, "network")[0]["parameters"], 0);
    const auto metrics = whole.metrics();
    EXPECT_EQ(metrics.count({"train/loss", plan.iterations - 1}), 1U);
    EXPECT_FALSE(summary.validations.names().empty());
    expect_snapshots(whole, plan.iterations);

    {
        SCOPED_TRACE("the same training again");
        auto again = job("again");
        run(make, again);
        EXPECT_EQ(again.metrics(), metrics);
    }
    {
        SCOPED_TRACE("a training that was killed, and resumed from its last snapshot");
        // A kill leaves the files as they are at some moment: here as when the events up to iteration 5 were out.
        auto killed = job("killed");
        killed.abort_when = [](const auto& event) {
            return event["event"] == "metrics" && event["phase"] == "train" && event["iteration"] == 5;
        };
        EXPECT_TRUE(run(make, killed).aborted);
        const auto snapshots = events_named(killed, "snapshot");
        ASSERT_EQ(snapshots.size(), 2U) << "one by plan, one when it was aborted";
        for (const char* file : {"weights", "state"})
            std::filesystem::remove(killed.job_dir() / snapshots[1][file].get<std::string>());
        RecordingContext resumed(killed.job_dir());
        EXPECT_EQ(run(make, resumed).first_iteration, 4);
        auto both = killed.metrics();
        for (const auto& [point, value] : resumed.metrics()) {
            if (both.contains(point)) {
                EXPECT_EQ(both[point], value) << point.first << " at " << point.second;
            }
            both[point] = value;
        }
        EXPECT_EQ(both, metrics);
        expect_snapshots(resumed, plan.iterations);
    }
    {
        SCOPED_TRACE("a snapshot on request");
        auto asked = job("asked");
        asked.snapshot_wanted = true;
        run(make, asked);
        EXPECT_EQ(events_named(asked, "snapshot")[0]["iteration"], 1);
        EXPECT_EQ(asked.metrics(), metrics) << "a snapshot changes nothing";
    }
    {
        SCOPED_TRACE("a training that has ended is not trained again");
        RecordingContext ended(whole.job_dir());
        const auto nothing = run(make, ended);
        EXPECT_EQ(nothing.first_iteration, plan.iterations);
        EXPECT_TRUE(events_named(ended, "snapshot").empty());
    }
}

}  // namespace digits
