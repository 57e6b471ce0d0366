#include "jobs/manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "jobs/task_process.hpp"

namespace digits {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr auto kPatience = 30s;

/// What tests/fakes/fake_worker.py is told.
json emit(json event) { return {{"emit", std::move(event)}}; }
json step(const char* verb, const char* what) { return {{verb, what}}; }
json metric(std::int64_t iteration, double loss, const char* phase = "train") {
    return emit({{"event", "metrics"},
                 {"iteration", iteration},
                 {"epoch", static_cast<double>(iteration) / 10},
                 {"phase", phase},
                 {"values", {{"loss", loss}}}});
}
const json kAborted = emit({{"event", "aborted"}});

/// A manager with fake workers. What it tells wakes `wait_until`.
class ManagerTest : public testing::Test {
  protected:
    void SetUp() override { start(); }
    void TearDown() override {
        // No fake may outlive its test.
        for (const auto& id : running_ids()) {
            manager_->abort(id);
            wait_until([&] { return is_final(job(id).state); });
        }
        manager_.reset();
    }

    void start(JobResources resources = {}) {
        JobManagerOptions options;
        options.data_dir = folder_.path();
        options.worker_path = fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
        options.resources = std::move(resources);
        options.abort_grace = 5s;
        options.memory_events = folder_.path() / "memory.events";
        auto created = JobManager::create(options);
        ASSERT_TRUE(created) << created.error().to_string();
        manager_ = std::move(*created);
        manager_->subscribe([this](const JobEvent& event) {
            const std::scoped_lock lock(mutex_);
            events_.push_back(event);
            told_.notify_all();
        });
    }
    void stop() { manager_.reset(); }

    std::vector<std::string> running_ids() {
        if (!manager_) return {};
        JobQuery query;
        query.states = {JobState::kInit, JobState::kWait, JobState::kRun};
        const auto page = manager_->list(query);
        std::vector<std::string> ids;
        for (const auto& job : page->jobs) ids.push_back(job.id);
        return ids;
    }

    template <class Condition>
    bool wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::unique_lock lock(mutex_);
            told_.wait_for(lock, 10ms);  // files tell nobody
        }
        return true;
    }

    std::string submit(json spec, const char* kind = "dataset", std::vector<std::string> parents = {}) {
        JobRequest request;
        request.kind = kind;
        request.name = "a test";
        request.spec = std::make_shared<const json>(std::move(spec));
        request.parents = std::move(parents);
        const auto job = manager_->submit(std::move(request));
        EXPECT_TRUE(job) << job.error().to_string();
        return job->id;
    }
    std::string submit_script(std::vector<json> steps, const char* kind = "dataset",
                              std::vector<std::string> parents = {}) {
        return submit({{"script", std::move(steps)}}, kind, std::move(parents));
    }

    Job job(const std::string& id) {
        auto job = manager_->get(id);
        EXPECT_TRUE(job) << job.error().to_string();
        return job ? std::move(*job) : Job{};
    }
    void expect_state(const std::string& id, JobState state) {
        EXPECT_TRUE(wait_until([&] { return job(id).state == state || is_final(job(id).state); }));
        EXPECT_EQ(job(id).state, state) << "it is in " << enum_name(job(id).state) << ", expected " << enum_name(state)
                                        << (job(id).error ? ": " + job(id).error->error.to_string() : "");
    }
    std::vector<std::string> states(const std::string& id) {
        std::vector<std::string> words;
        const auto whole = job(id);
        for (const auto& change : whole.history) words.emplace_back(enum_name(change.state));
        return words;
    }
    /// `iteration:value` of a series.
    std::vector<std::string> points(const std::string& id, const std::string& name = "train/loss") {
        std::vector<std::string> words;
        const auto all = manager_->metrics(id, {.series = {name}});
        for (const auto& series : *all)
            for (const auto& point : series.points) words.push_back(fmt::format("{}:{}", point.iteration, point.value));
        return words;
    }

    fs::path file(const std::string& id, const std::string& name) const { return folder_.path() / "jobs" / id / name; }
    fs::path task_dir(const std::string& id, const char* kind = "dataset") const { return file(id, "tasks") / kind; }
    void touch(const std::string& id, const std::string& name) { std::ofstream(file(id, name)) << ""; }
    void expect_file(const std::string& id, const std::string& name) {
        EXPECT_TRUE(wait_until([&] { return fs::exists(file(id, name)); })) << name;
    }
    bool log_has(const std::string& id, const std::string& event, const char* kind = "dataset") const {
        const auto text = read_file(task_dir(id, kind) / "events.jsonl");
        return text && text->find("\"event\": \"" + event + "\"") != std::string::npos;
    }
    void expect_worker_gone(const std::string& id, const char* kind = "dataset") {
        EXPECT_TRUE(wait_until([&] { return !is_worker_locked(task_dir(id, kind)); })) << "the worker lives on";
    }

    TemporaryFolder folder_;
    std::mutex mutex_;
    std::condition_variable told_;
    std::vector<JobEvent> events_;
    std::unique_ptr<JobManager> manager_;
};

TEST_F(ManagerTest, RunsAJobAndKeepsWhatItTold) {
    const auto id = submit_script(
        {emit({{"event", "progress"}, {"step", "s"}, {"unit", "u"}, {"done", 3}, {"total", 4}}), metric(0, 2),
         metric(10, 1), metric(10, 0.5, "val"),
         emit({{"event", "snapshot"},
               {"iteration", 10},
               {"epoch", 1.0},
               {"weights", "a.caffemodel"},
               {"state", "a.solverstate"}}),
         emit({{"event", "network"}, {"parameters", 5}}), emit({{"event", "result"}, {"data", {{"answer", 42}}}})});
    expect_state(id, JobState::kDone);
    const auto ended = job(id);
    EXPECT_THAT(states(id), ElementsAre("init", "wait", "run", "done"));
    EXPECT_EQ(ended.attempt, 1);
    EXPECT_EQ(ended.pid, 0);
    EXPECT_EQ(ended.device, "fake");
    ASSERT_TRUE(ended.result);
    EXPECT_EQ(*ended.result, (json{{"answer", 42}}));
    EXPECT_EQ(*ended.network, (json{{"parameters", 5}}));
    EXPECT_EQ(ended.progress->done, 3u);
    EXPECT_THAT(points(id), ElementsAre("0:2", "10:1"));
    EXPECT_THAT(points(id, "val/loss"), ElementsAre("10:0.5"));
    EXPECT_EQ(manager_->snapshots(id)->at(0).weights, "a.caffemodel");
    stop();
    start();
    EXPECT_EQ(job(id).state, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:2", "10:1"));
}

TEST_F(ManagerTest, FailsWithTheWorkersWords) {
    const auto id = submit_script({emit(
        {{"event", "failed"},
         {"error",
          {{"code", "not_found"}, {"message", "no such folder"}, {"where", "/source/path"}, {"advice", "Make it"}}}})});
    expect_state(id, JobState::kError);
    const auto error = job(id).error->error;
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.to_string(), "/source/path: no such folder. Make it");
}

TEST_F(ManagerTest, ExplainsADeathBySignalWithTheLastLines) {
    const auto id = submit_script({step("say", "the last words"), step("signal", "SIGSEGV")});
    expect_state(id, JobState::kError);
    const auto error = *job(id).error;
    EXPECT_THAT(error.error.to_string(), AllOf(HasSubstr("signal 11"), HasSubstr("resume the job")));
    EXPECT_THAT(error.log_tail, HasSubstr("the last words\n"));
    EXPECT_THAT(*manager_->log_tail(id), HasSubstr("the last words\n"));
}

TEST_F(ManagerTest, ExplainsADeathForWantOfMemory) {
    std::ofstream(folder_.path() / "memory.events") << "oom_kill 3\n";
    const auto id = submit_script({step("until", "go"), step("signal", "SIGKILL")});
    expect_state(id, JobState::kRun);
    std::ofstream(folder_.path() / "memory.events") << "oom_kill 4\n";
    touch(id, "go");
    expect_state(id, JobState::kError);
    EXPECT_EQ(job(id).error->error.code, ErrorCode::kResourceExhausted);
}

TEST_F(ManagerTest, ExplainsAnExitWithoutWords) {
    const auto id = submit_script({json{{"exit", 3}}});
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.message, HasSubstr("exit code 3"));
}

TEST_F(ManagerTest, SaysWhatToDoWithoutAWorkerProgram) {
    stop();
    JobManagerOptions options;
    options.data_dir = folder_.path();
    options.worker_path = folder_.path() / "nowhere";
    manager_ = *JobManager::create(options);
    const auto id = submit_script({});
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.to_string(), AllOf(HasSubstr("nowhere"), HasSubstr("beside digits")));
}

TEST_F(ManagerTest, AbortsARunningJob) {
    const auto id = submit_script({step("touch", "here"), step("hear", "abort"), kAborted});
    expect_file(id, "here");
    EXPECT_TRUE(manager_->abort(id));
    expect_state(id, JobState::kAbort);
    const auto again = manager_->abort(id);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ManagerTest, KillsAWorkerThatDoesNotListen) {
    stop();
    JobManagerOptions options;
    options.data_dir = folder_.path();
    options.worker_path = fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
    options.abort_grace = 50ms;
    manager_ = *JobManager::create(options);
    const auto id = submit_script({step("touch", "here"), step("until", "never")});
    expect_file(id, "here");
    EXPECT_TRUE(manager_->abort(id));
    expect_state(id, JobState::kAbort);
    EXPECT_EQ(job(id).history.back().reason, "it had to be killed");
}

TEST_F(ManagerTest, AsksARunningTrainingForASnapshot) {
    const auto id = submit_script({step("touch", "here"), step("hear", "snapshot")}, "model");
    expect_file(id, "here");
    EXPECT_TRUE(manager_->snapshot_now(id));
    expect_state(id, JobState::kDone);
    EXPECT_FALSE(manager_->snapshot_now(id));
}

TEST_F(ManagerTest, AModelWaitsForItsDataset) {
    const auto dataset = submit_script({step("until", "go")});
    const auto model = submit_script({}, "model", {dataset});
    expect_state(dataset, JobState::kRun);
    EXPECT_TRUE(wait_until([&] { return job(model).wait_reason == "waits for its dataset \"a test\""; }));
    touch(dataset, "go");
    expect_state(model, JobState::kDone);
    const auto task = json::parse(*read_file(task_dir(model, "train") / "task.json"));
    EXPECT_EQ(task["spec"]["dataset_dir"], (folder_.path() / "jobs" / dataset).string());
}

TEST_F(ManagerTest, AModelFailsWithItsDatasetAndIsResumedAfterIt) {
    const auto dataset = submit({{"attempts", {{step("until", "go"), json{{"exit", 1}}}, json::array()}}});
    const auto model = submit_script({}, "model", {dataset});
    touch(dataset, "go");
    expect_state(model, JobState::kError);
    EXPECT_THAT(job(model).error->error.to_string(), HasSubstr("its dataset \"a test\" ended in state error"));
    EXPECT_TRUE(manager_->resume(dataset));
    EXPECT_TRUE(manager_->resume(model));
    expect_state(model, JobState::kDone);
    EXPECT_EQ(job(dataset).attempt, 2);
}

TEST_F(ManagerTest, RunsNoMoreAtOnceThanThereAreSlots) {
    stop();
    start({.dataset_slots = 2, .train_slots = 1, .gpus = {}});
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(submit_script({step("touch", "here"), step("until", "go")}));
    const auto training = submit_script({step("touch", "here"), step("until", "go")}, "model");
    expect_file(ids[0], "here");
    expect_file(ids[1], "here");
    expect_file(training, "here");
    EXPECT_TRUE(wait_until([&] { return job(ids[2]).wait_reason == "waits for a running dataset to end"; }));
    EXPECT_EQ(job(ids[2]).state, JobState::kWait);
    touch(ids[1], "go");
    expect_file(ids[2], "here");
    EXPECT_EQ(job(ids[0]).state, JobState::kRun);
    for (const auto& id : ids) touch(id, "go");
    touch(training, "go");
    for (const auto& id : ids) expect_state(id, JobState::kDone);
}

TEST_F(ManagerTest, GivesEachTrainingAGpuOfItsOwn) {
    stop();
    start({.dataset_slots = 1, .train_slots = 1, .gpus = {"0", "1"}});
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(submit_script({step("touch", "here"), step("until", "go")}, "model"));
    expect_file(ids[0], "here");
    expect_file(ids[1], "here");
    EXPECT_TRUE(wait_until([&] { return job(ids[2]).wait_reason == "waits for a free GPU"; }));
    touch(ids[0], "go");
    expect_file(ids[2], "here");
    for (const auto& id : ids) touch(id, "go");
    for (const auto& id : ids) expect_state(id, JobState::kDone);
}

TEST_F(ManagerTest, RefusesASecondManagerOnTheSameFolder) {
    JobManagerOptions options;
    options.data_dir = folder_.path();
    const auto second = JobManager::create(options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ManagerTest, RemovesOnlyWhatNobodyNeeds) {
    const auto dataset = submit_script({});
    const auto model = submit_script({step("until", "go")}, "model", {dataset});
    expect_state(model, JobState::kRun);
    EXPECT_THAT(manager_->remove(model).error().to_string(), HasSubstr("Abort it first"));
    EXPECT_THAT(manager_->remove(dataset).error().to_string(), HasSubstr("other jobs need"));
    touch(model, "go");
    expect_state(model, JobState::kDone);
    EXPECT_TRUE(manager_->remove(model));
    EXPECT_TRUE(manager_->remove(dataset));
    EXPECT_FALSE(manager_->get(dataset));
    EXPECT_FALSE(fs::exists(manager_->job_dir(dataset)));
}

// ------------------------------------------------------------------------------------------- a manager after another

TEST_F(ManagerTest, AdoptsAWorkerThatGoesOn) {
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

TEST_F(ManagerTest, FindsAWorkerDoneThatEndedMeanwhile) {
    const auto id = submit_script({metric(0, 3), step("touch", "here"), step("until", "go"), metric(10, 2)});
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_worker_gone(id);
    start();
    expect_state(id, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:3", "10:2"));
}

TEST_F(ManagerTest, FindsAWorkerDeadThatCrashedMeanwhile) {
    const auto id = submit_script({step("touch", "here"), step("until", "go"), step("signal", "SIGKILL")});
    expect_file(id, "here");
    stop();
    touch(id, "go");
    expect_worker_gone(id);
    start();
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.to_string(), AllOf(HasSubstr("no server watched"), HasSubstr("resume the job")));
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

TEST_F(ManagerTest, AbortsAnAdoptedWorkerBySignal) {
    const auto id = submit_script({step("touch", "here"), step("hear", "abort"), kAborted});
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
    void SetUp() override { start({.dataset_slots = 0, .train_slots = 0, .gpus = {}}); }
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

TEST_F(ManagerTest, ResumesACrashedJobAsANewAttempt) {
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

TEST_F(ManagerTest, PointsOfAResumedRunReplaceTheOlderOnes) {
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

TEST_F(ManagerTest, PointsOfAnAttemptThatNobodyWatchedReplaceTheOlderOnes) {
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
