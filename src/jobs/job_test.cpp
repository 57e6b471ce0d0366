#include "jobs/job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace digits {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr JobState kStates[]{JobState::kInit, JobState::kWait,  JobState::kRun,
                             JobState::kDone, JobState::kAbort, JobState::kError};

TEST(JobStateTest, AllowsTheseChangesAndNoOthers) {
    using enum JobState;
    const std::set<std::pair<JobState, JobState>> allowed{
        {kInit, kWait}, {kInit, kAbort}, {kInit, kError}, {kWait, kRun},   {kWait, kAbort}, {kWait, kError},
        {kRun, kDone},  {kRun, kAbort},  {kRun, kError},  {kAbort, kWait}, {kError, kWait}, {kDone, kWait},
    };
    for (const auto from : kStates)
        for (const auto to : kStates)
            EXPECT_EQ(can_change(from, to), allowed.contains({from, to})) << enum_name(from) << " to " << enum_name(to);
}

TEST(JobStateTest, EndsInDoneAbortOrError) {
    for (const auto state : kStates)
        EXPECT_EQ(is_final(state), state == JobState::kDone || state == JobState::kAbort || state == JobState::kError)
            << enum_name(state);
}

json full_job() {
    return json::parse(R"({
        "format": 1, "id": "20260102-030405-abcd", "kind": "model", "name": "LeNet", "group": "g", "notes": "n",
        "owner": "o", "spec": {"network": "lenet"}, "parents": ["20260102-030400-0001"], "state": "error",
        "wait_reason": "", "abort_requested": false, "created": 1.5, "started": 2.5, "finished": 3.5, "trashed": 4.5, "attempt": 2,
        "pid": 0, "device": "CPU",
        "history": [{"state": "init", "time": 1.5, "reason": ""}, {"state": "error", "time": 3.5, "reason": "why"}],
        "progress": {"step": "train", "unit": "iterations", "done": 5, "elapsed_s": 0.5, "total": 10, "rate": 10.0,
                     "eta_s": 0.5},
        "metrics": [{"series": "train/loss", "last": {"iteration": 4, "epoch": 0.5, "value": 0.25}, "best": null},
                    {"series": "val/accuracy", "last": {"iteration": 4, "epoch": 0.5, "value": 0.5},
                     "best": {"iteration": 2, "epoch": 0.25, "value": 0.75}}],
        "network": {"parameters": 3}, "result": {"iterations": 5}, "warnings": ["w"],
        "error": {"code": "unavailable", "message": "m", "where": "w", "advice": "a", "log_tail": "l"}})");
}

TEST(JobJsonTest, ComesBackAsItWasWritten) {
    const auto job = job_from_json(full_job());
    ASSERT_TRUE(job) << job.error().to_string();
    EXPECT_EQ(job_to_json(*job), full_job());
}

TEST(JobJsonTest, SaysWhatItCannotRead) {
    const auto message = [](const char* member, json value) {
        auto data = full_job();
        data[member] = std::move(value);
        const auto job = job_from_json(data);
        return job ? std::string("read") : job.error().to_string();
    };
    EXPECT_THAT(message("format", 2), HasSubstr("the format of the job must be 1; got 2"));
    EXPECT_THAT(message("id", "../../etc"), HasSubstr("\"../../etc\" is not a job id"));
    EXPECT_THAT(message("state", "asleep"), HasSubstr("\"asleep\" is not a state"));
    EXPECT_THAT(message("name", 7), HasSubstr("the job cannot be read"));
    EXPECT_THAT(message("metrics", {{{"series", "val/loss"}}}), HasSubstr("last"));
}

}  // namespace
}  // namespace digits
