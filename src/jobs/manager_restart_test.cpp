// A manager after another, and jobs that are resumed.

#include "jobs/manager_fixture.hpp"

namespace digits {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class RestartTest : public ManagerTest {};

TEST_F(RestartTest, AdoptsAWorkerThatGoesOn) {
    const auto id = submit_script({metric(0, 3), step("touch", "here"), step("until", "go"), metric(10, 2),
                                   step("touch", "there"), step("until", "end"), metric(20, 1)});
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_file(id, "there");
    start();
    EXPECT_EQ(job(id).state, JobState::kRun);
    EXPECT_TRUE(wait_until([&] { return points(id).size() == 2; })) << "what it told meanwhile";
    touch(id, "end");
    expect_state(id, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:3", "10:2", "20:1"));
    EXPECT_EQ(job(id).attempt, 1);
}

TEST_F(RestartTest, FindsAWorkerDoneThatEndedMeanwhile) {
    const auto id = submit_script({metric(0, 3), step("touch", "here"), step("until", "go"), metric(10, 2)});
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_worker_gone(id);
    start();
    expect_state(id, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:3", "10:2"));
}

TEST_F(RestartTest, FindsAWorkerDeadThatCrashedMeanwhile) {
    const auto id = submit_script({step("touch", "here"), step("until", "go"), step("signal", "SIGKILL")});
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_worker_gone(id);
    start();
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.to_string(), AllOf(HasSubstr("no server watched"), HasSubstr("resume the job")));
}

TEST_F(RestartTest, ReadsItsJobsBackFromTheirFoldersWithoutADatabase) {
    const auto dataset = submit_script({emit({{"event", "result"}, {"data", {{"answer", 42}}}})});
    const auto model = submit({{"attempts",
                                {{metric(0, 9), metric(10, 8), metric(20, 7), step("signal", "SIGKILL")},
                                 {metric(10, 2), metric(10, 0.5, "val")}}}},
                              "model", {dataset});
    expect_state(model, JobState::kError);
    EXPECT_TRUE(manager_->resume(model));
    expect_state(model, JobState::kDone);
    const auto running = submit_script({metric(0, 3), step("touch", "here"), step("until", "go")}, "model", {dataset});
    expect_file(running, "here");
    const auto before = job(model);
    stop();
    for (const char* name : {"digits.db", "digits.db-wal", "digits.db-shm"}) fs::remove(folder_.path() / name);
    fs::create_directories(file("20200101-000000-0000", ""));
    std::ofstream(file("20200101-000000-0000", "job.json")) << "{";
    start();
    EXPECT_EQ(job_to_json(job(model)), job_to_json(before));
    EXPECT_THAT(points(model), ElementsAre("0:9", "10:2"));
    EXPECT_THAT(points(model, "val/loss"), ElementsAre("10:0.5"));
    EXPECT_EQ((*job(dataset).result)["answer"], 42);
    EXPECT_FALSE(manager_->get("20200101-000000-0000")) << "it cannot be read";
    EXPECT_EQ(job(running).state, JobState::kRun);
    touch(running, "go");
    expect_state(running, JobState::kDone);
    EXPECT_THAT(points(running), ElementsAre("0:3"));
    EXPECT_EQ(manager_->list({})->total, 3);
}

class LastEventTest : public ManagerTest, public testing::WithParamInterface<std::pair<const char*, JobState>> {};

/// The first manager has folded the last event when it goes; the worker ends only then.
TEST_P(LastEventTest, CountsThoughItWasReadByAnEarlierManager) {
    const auto& [last, state] = GetParam();
    const auto id = submit_script({metric(0, 3), emit({{"event", "result"}, {"data", {{"answer", 42}}}}),
                                   emit({{"event", last}, {"error", {{"code", "not_found"}, {"message", "gone"}}}}),
                                   step("touch", "here"), step("until", "go")});
    expect_file(id, "here");
    stop();
    start();
    EXPECT_EQ(job(id).state, JobState::kRun) << "its process lives";
    stop();
    touch(id, "go");
    expect_worker_gone(id);
    start();
    expect_state(id, state);
    EXPECT_THAT(points(id), ElementsAre("0:3"));
    EXPECT_EQ((*job(id).result)["answer"], 42);
    if (state == JobState::kError) {
        EXPECT_EQ(job(id).error->error.message, "gone");
    }
}
INSTANTIATE_TEST_SUITE_P(Every, LastEventTest,
                         testing::Values(std::pair("done", JobState::kDone), std::pair("aborted", JobState::kAbort),
                                         std::pair("failed", JobState::kError)),
                         [](const auto& tested) { return std::string(tested.param.first); });

TEST_F(RestartTest, AbortsAnAdoptedWorkerBySignal) {
    const auto id = submit_script({step("touch", "here"), step("hear", "abort"), aborted()});
    expect_file(id, "here");
    stop();
    start();
    EXPECT_TRUE(manager_->abort(id));
    expect_state(id, JobState::kAbort);
    EXPECT_EQ(job(id).history.back().reason, "");
}

/// A server that dies right after it started a worker has not written that down, and the worker has no lock yet: the
/// next server starts a second one, which is refused.
class SecondWorkerTest : public ManagerTest {
  protected:
    void SetUp() override { start({.slots = {{"dataset", 0}}, .devices = {}}); }
    std::string begin(json after) {
        const auto steps = json::array({step("touch", "works"), metric(0, 3), std::move(after)});
        const auto id = submit({{"script", steps}, {"before_lock", "second"}});
        stop();
        fs::create_directories(task_dir(id));
        std::ofstream(task_dir(id) / "task.json")
            << json{{"format", 1}, {"kind", "dataset"}, {"spec", {{"script", steps}, {"before_lock", "first"}}}};
        first_ = std::move(*TaskProcess::start({fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py",
                                                {"run", "--task-dir", task_dir(id).string()},
                                                {},
                                                task_dir(id) / "log.txt"}));
        expect_file(id, "first.here");
        start();
        expect_file(id, "second.here");
        touch(id, "first");
        expect_file(id, "works");
        touch(id, "second");
        expect_file(id, "refused");
        return id;
    }
    void TearDown() override {
        ManagerTest::TearDown();
        if (first_) first_->signal_group(SIGKILL);
    }
    std::optional<TaskProcess> first_;
};

TEST_F(SecondWorkerTest, IsRefusedAndTheFirstIsFollowed) {
    const auto id = begin(step("until", "go"));
    touch(id, "go");
    EXPECT_TRUE(wait_until([&] { return is_final(job(id).state); }));
    expect_state(id, JobState::kDone);
    EXPECT_THAT(states(id), ElementsAre("init", "wait", "run", "done"));
    EXPECT_THAT(points(id), ElementsAre("0:3"));
    EXPECT_EQ(job(id).attempt, 1);
}

TEST_F(SecondWorkerTest, AbortReachesTheFirst) {
    const auto id = begin(step("hear", "abort"));
    EXPECT_TRUE(manager_->abort(id));
    EXPECT_TRUE(wait_until([&] { return is_final(job(id).state); }));
    expect_state(id, JobState::kDone);  // this fake hears it and ends well all the same
}

// ------------------------------------------------------------------------------------------------------------ resume

TEST_F(RestartTest, ResumesACrashedJobAsANewAttempt) {
    const auto id =
        submit({{"attempts", {{json{{"append", "{\"event\": \"torn"}}, step("signal", "SIGKILL")}, {metric(0, 1)}}}});
    expect_state(id, JobState::kError);
    EXPECT_TRUE(manager_->resume(id));
    expect_state(id, JobState::kDone);
    EXPECT_EQ(job(id).attempt, 2);
    EXPECT_FALSE(job(id).error);
    EXPECT_THAT(states(id), ElementsAre("init", "wait", "run", "error", "wait", "run", "done"));
    EXPECT_THAT(points(id), ElementsAre("0:1"));
    EXPECT_FALSE(manager_->resume(id)) << "a job that is done";
}

TEST_F(RestartTest, PointsOfAResumedRunReplaceTheOlderOnes) {
    const auto id =
        submit({{"attempts",
                 {{metric(0, 9), metric(10, 8), metric(20, 7, "val"), metric(20, 7), metric(30, 6),
                   metric(35, 0.1, "val"), metric(40, 5), step("signal", "SIGKILL")},
                  {metric(20, 3, "val"), metric(20, 3), metric(30, 2), step("until", "go"), metric(40, 1)}}}},
               "model");
    expect_state(id, JobState::kError);
    EXPECT_TRUE(manager_->resume(id));
    EXPECT_TRUE(wait_until([&] { return points(id).size() == 4; }));
    EXPECT_THAT(points(id), ElementsAre("0:9", "10:8", "20:3", "30:2")) << "40 comes only later";
    stop();
    start();
    touch(id, "go");
    expect_state(id, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:9", "10:8", "20:3", "30:2", "40:1"));
    EXPECT_THAT(points(id, "val/loss"), ElementsAre("20:3"));
    for (const auto& summary : job(id).metrics)
        if (summary.series == "val/loss") {
            EXPECT_EQ(summary.best->value, 3) << "0.1 is void";
        }
    const std::scoped_lock lock(mutex_);
    EXPECT_TRUE(std::ranges::any_of(events_, [](const JobEvent& event) {
        return event.type == "metrics" && event.data->value("restart", -1) == 20;
    })) << "who watches is told";
}

TEST_F(RestartTest, GoesOnWithALogThatLostItsEndInAPowerFailure) {
    const auto id = submit(
        {{"attempts",
          {{metric(0, 9), metric(10, 8), metric(20, 7), json{{"exit", 1}}}, {metric(10, 2), step("say", "again")}}}},
        "model");
    expect_state(id, JobState::kError);
    stop();
    const auto log = task_dir(id, "train") / "events.jsonl";
    const auto text = *read_file(log);
    fs::resize_file(log, text.find('\n', text.find("metrics")) + 1);
    start();
    EXPECT_TRUE(manager_->resume(id));
    expect_state(id, JobState::kDone);
    EXPECT_EQ(job(id).attempt, 2);
    EXPECT_THAT(points(id), ElementsAre("0:9", "10:2"));
}

TEST_F(RestartTest, PointsOfAnAttemptThatNobodyWatchedReplaceTheOlderOnes) {
    const auto id = submit({{"attempts",
                             {{metric(0, 9), metric(10, 8), step("touch", "here"), step("until", "go"), metric(20, 7)},
                              {metric(10, 2), metric(20, 1)}}}},
                           "model");
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_worker_gone(id, "train");
    // As if another server had resumed it, and was lost with all that it wrote.
    auto again = TaskProcess::start({fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py",
                                     {"run", "--task-dir", task_dir(id, "train").string()},
                                     {},
                                     task_dir(id, "train") / "log.txt"});
    ASSERT_TRUE(again);
    EXPECT_TRUE(wait_until([&] { return again->reap().has_value(); }));
    start();
    expect_state(id, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:9", "10:2", "20:1"));
}

}  // namespace
}  // namespace digits
