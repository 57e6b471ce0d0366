#include "api/jobs/job_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "jobs/store.hpp"

namespace digits::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kDataset = "20260101-000000-0001", kModel = "20260101-000000-0002",
                  kEvaluation = "20260101-000000-0003";

/// An evaluation of a model that was trained, of which only the files are there.
class SnapshotUse : public testing::Test {
  protected:
    SnapshotUse() {
        WriteBatch batch;
        batch.jobs = {stored(kDataset, "dataset", {}), stored(kModel, "model", {kDataset})};
        batch.metrics = {{kModel, "val/accuracy", {10, 1, 0.9}}, {kModel, "val/accuracy", {20, 2, 0.7}}};
        batch.jobs.back().job.metrics = {{"val/accuracy", {20, 2, 0.7}, MetricPoint{10, 1, 0.9}}};
        EXPECT_TRUE(store_->write(batch));
        fs::create_directories(uploads());
    }

    static StoredJob stored(const std::string& id, const char* kind, std::vector<std::string> parents) {
        StoredJob stored;
        stored.job.id = id;
        stored.job.kind = kind;
        stored.job.name = kind;
        stored.job.parents = std::move(parents);
        stored.job.state = JobState::kDone;
        stored.job.spec = std::make_shared<const json>(json::object());
        return stored;
    }
    Job evaluation(const char* snapshot) const {
        auto job = stored(kEvaluation, "evaluation", {kModel, kDataset}).job;
        job.spec = std::make_shared<const json>(json{{"snapshot", snapshot}});
        return job;
    }
    fs::path uploads() const { return jobs_.job_dir(kEvaluation) / "uploads"; }
    void add_snapshot(const fs::path& folder, int iteration) const {
        fs::create_directories(folder);
        EXPECT_TRUE(write_file_atomic(folder / fmt::format("snapshot_iter_{}.caffemodel", iteration), "weights"));
    }
    void add_snapshot(int iteration) const { add_snapshot(jobs_.job_dir(kModel), iteration); }
    bool waits(const char* snapshot) const { return kind_->must_wait_for(evaluation(snapshot), kModel, jobs_); }
    std::string weights(const char* snapshot) const {
        const auto grant = kind_->make_grant(evaluation(snapshot), jobs_);
        return grant ? grant->weights : grant.error().to_string();
    }

    TemporaryFolder folder_;
    std::unique_ptr<JobStore> store_ = *JobStore::open(folder_.path() / "digits.db", 1000);
    JobReader jobs_{*store_, folder_.path() / "jobs"};
    JobKinds kinds_{job_kinds({})};
    const JobKind* kind_ = kinds_.find("evaluation");
};

TEST_F(SnapshotUse, WaitsForTheTrainingOnlyWithoutTheSnapshotThatIsNamed) {
    fs::create_directories(jobs_.job_dir(kModel));
    EXPECT_TRUE(waits("best"));
    EXPECT_TRUE(waits("20"));
    add_snapshot(20);
    EXPECT_FALSE(waits("20"));
    EXPECT_TRUE(waits("10"));
    EXPECT_TRUE(waits("best")) << "there may be a better one";
    EXPECT_TRUE(kind_->must_wait_for(evaluation("20"), kDataset, jobs_));
}

TEST_F(SnapshotUse, TakesTheSnapshotThatIsNamedOrJudgedBest) {
    add_snapshot(10);
    add_snapshot(20);
    EXPECT_EQ(weights("20"), "snapshot_iter_20.caffemodel");
    EXPECT_EQ(weights("best"), "snapshot_iter_10.caffemodel");
    EXPECT_EQ(weights("last"), "snapshot_iter_20.caffemodel");
    EXPECT_THAT(weights("30"), HasSubstr("has no snapshot of iteration 30"));
}

TEST_F(SnapshotUse, TakesItsOwnLinkWhereTheTrainingRemovedTheSnapshot) {
    add_snapshot(20);
    add_snapshot(uploads(), 10);
    EXPECT_FALSE(waits("10"));
    EXPECT_EQ(weights("10"), (uploads() / "snapshot_iter_10.caffemodel").string());
    EXPECT_EQ(weights("best"), "snapshot_iter_20.caffemodel");
}

TEST_F(SnapshotUse, SaysThatTheTrainingLeftNone) {
    fs::create_directories(jobs_.job_dir(kModel));
    EXPECT_THAT(weights("best"), HasSubstr("ended without a snapshot"));
}

TEST(JobKinds, RelayTheSnapshotsOfTrainings) {
    const JobKinds kinds(job_kinds({}));
    const auto& relayed = kinds.find("model")->relayed_events;
    ASSERT_EQ(relayed.size(), 1U);
    EXPECT_EQ(relayed.front().name, kSnapshotEvent);
    const json event{{"event", "snapshot"}, {"seq", 7},       {"iteration", 10},
                     {"epoch", 0.5},        {"weights", "w"}, {"removed", {"v"}}};
    EXPECT_EQ(relayed.front().data(event), (json{{"iteration", 10}, {"epoch", 0.5}, {"weights", "w"}, {"state", ""}}));
    EXPECT_THROW(relayed.front().data({{"iteration", "x"}}), json::exception);
}

}  // namespace
}  // namespace digits::api
