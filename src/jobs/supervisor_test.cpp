#include "jobs/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// What became of the task of a `ScriptedLauncher`, and what it should tell.
struct Script {
    std::vector<std::string> told;
    int kills = 0;
    std::optional<TaskEnd> end;
    std::vector<pollfd> handles;
};

/// A launcher without processes: the test says what its only task does.
class ScriptedLauncher final : public Launcher {
  public:
    explicit ScriptedLauncher(Script& script) : script_(script) {}
    std::string_view name() const override { return "scripted"; }
    Result<std::unique_ptr<LaunchedTask>> start(const LaunchRequest& request) const override {
        if (request.argv.front().empty()) return fail(ErrorCode::kNotFound, "no worker");
        return std::make_unique<Task>(script_);
    }
    std::unique_ptr<LaunchedTask> adopt(const fs::path&, const std::string&) const override {
        return std::make_unique<Task>(script_);
    }
    std::unique_ptr<LaunchedTask> find_running(const fs::path&) const override { return nullptr; }

  private:
    class Task final : public LaunchedTask {
      public:
        explicit Task(Script& script) : script_(script) {}
        std::string handle() const override { return "the task"; }
        int pid() const override { return 4711; }
        void tell(const TaskCommand& command) override { script_.told.push_back(command.name); }
        void kill() override { ++script_.kills; }
        std::optional<TaskEnd> check() override { return script_.end; }
        void add_handles(std::vector<pollfd>&) const override {}
        std::optional<std::chrono::milliseconds> check_interval() const override { return 50ms; }

      private:
        Script& script_;
    };
    Script& script_;
};

class Listener final : public TaskListener {
  public:
    void on_events(const std::string&, const LaunchedTask&, const std::vector<json>& events,
                   std::uint64_t offset) override {
        for (const auto& event : events) heard.push_back(event["event"].get<std::string>());
        read_to = offset;
    }
    void on_end(const std::string& job_id, const TaskEnd& ended, std::uint64_t offset) override {
        end = ended;
        ended_job = job_id;
        EXPECT_EQ(offset, read_to);
    }

    std::vector<std::string> heard;
    std::uint64_t read_to = 0;
    std::optional<TaskEnd> end;
    std::string ended_job;
};

class SupervisorTest : public testing::Test {
  protected:
    Status start() { return supervisor_.start({"job", dir(), json{{"kind", "fake"}}, {}}, position_); }
    fs::path dir() const { return folder_.path() / "tasks/fake"; }
    void tell(const char* event) {
        std::ofstream(dir() / "events.jsonl", std::ios::app) << json{{"event", event}, {"seq", ++seq_}} << '\n';
    }
    void step(Supervisor::Clock::duration later = 0s) { supervisor_.step(now_ += later, listener_); }

    TemporaryFolder folder_;
    Script script_;
    ScriptedLauncher launcher_{script_};
    Supervisor supervisor_{{"worker", &launcher_, 10s, folder_.path() / "memory.events"}};
    TaskPosition position_;
    Listener listener_;
    Supervisor::Clock::time_point now_ = Supervisor::Clock::now();
    int seq_ = 0;
};

TEST_F(SupervisorTest, WritesWhatTheWorkerNeedsAndKeepsHowToFindItAgain) {
    ASSERT_TRUE(start());
    EXPECT_EQ(json::parse(*read_file(dir() / "task.json")), (json{{"kind", "fake"}}));
    EXPECT_EQ(position_.launcher, "scripted");
    EXPECT_EQ(position_.handle, "the task");
    EXPECT_EQ(supervisor_.pid("job"), 4711);
    EXPECT_EQ(supervisor_.pid("another"), 0);
}

TEST_F(SupervisorTest, PassesEventsOnAndThenTheEnd) {
    ASSERT_TRUE(start());
    tell("started");
    step();
    EXPECT_THAT(listener_.heard, ElementsAre("started"));
    tell("progress");
    tell("done");
    script_.end = TaskEnd{{0, {}}, {}};
    step();
    EXPECT_THAT(listener_.heard, ElementsAre("started", "progress", "done"));
    ASSERT_TRUE(listener_.end);
    EXPECT_EQ(listener_.ended_job, "job");
    EXPECT_FALSE(supervisor_.next_step(now_)) << "nothing runs any more";
}

TEST_F(SupervisorTest, GoesOnWhereAnEarlierOneStopped) {
    fs::create_directories(dir());
    tell("started");
    tell("progress");
    position_.offset = fs::file_size(dir() / "events.jsonl");
    tell("done");
    supervisor_.adopt("job", dir(), position_);
    step();
    EXPECT_THAT(listener_.heard, ElementsAre("done"));
}

TEST_F(SupervisorTest, CountsOnInALogThatLostItsEnd) {
    fs::create_directories(dir());
    tell("started");
    position_.offset = 100'000;
    position_.seq = 50;
    supervisor_.adopt("job", dir(), position_);
    EXPECT_EQ(position_.seq, 1U);
    step();
    EXPECT_THAT(listener_.heard, IsEmpty()) << "that was folded before";
    tell("progress");
    step();
    EXPECT_THAT(listener_.heard, ElementsAre("progress"));
}

TEST_F(SupervisorTest, PassesEachCommandOnOnce) {
    ASSERT_TRUE(start());
    supervisor_.command("job", {"snapshot", SIGUSR1});
    supervisor_.command("another", {"snapshot", SIGUSR1});
    EXPECT_THAT(script_.told, IsEmpty()) << "tasks are touched by the thread that steps";
    step();
    step();
    EXPECT_THAT(script_.told, ElementsAre("snapshot"));
}

TEST_F(SupervisorTest, KillsWhatDoesNotStopInTime) {
    ASSERT_TRUE(start());
    supervisor_.abort("job");
    step();
    supervisor_.abort("job");
    step(9s);
    EXPECT_THAT(script_.told, ElementsAre("abort"));
    EXPECT_EQ(script_.kills, 0);
    EXPECT_LE(*supervisor_.next_step(now_), now_ + 1s);
    step(1s);
    EXPECT_EQ(script_.kills, 1);
    step(1s);
    EXPECT_EQ(script_.kills, 1);
}

TEST_F(SupervisorTest, ExplainsACrashAndALoss) {
    ASSERT_TRUE(start());
    std::ofstream(dir() / "log.txt") << "the last words\n";
    const auto crash = supervisor_.explain(TaskEnd{{{}, SIGSEGV}, {}}, dir(), position_);
    EXPECT_THAT(crash.error.message, HasSubstr("SIGSEGV"));
    EXPECT_EQ(crash.log_tail, "the last words\n");
    std::ofstream(folder_.path() / "memory.events") << "oom_kill 1\n";
    EXPECT_EQ(supervisor_.explain(TaskEnd{{{}, SIGKILL}, {}}, dir(), position_).error.code,
              ErrorCode::kResourceExhausted);
    const auto lost = make_error(ErrorCode::kUnavailable, "the cluster forgot it").advise("Resume the job");
    const auto loss = supervisor_.explain(TaskEnd{{}, lost}, dir(), position_);
    EXPECT_EQ(loss.error.message, "the cluster forgot it");
    EXPECT_EQ(loss.log_tail, "the last words\n");
}

TEST_F(SupervisorTest, SaysWhyATaskDoesNotStart) {
    Supervisor without({"", &launcher_, 10s, {}});
    const auto started = without.start({"job", dir(), json::object(), {}}, position_);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message, "no worker");
    EXPECT_FALSE(without.next_step(now_));
}

}  // namespace
}  // namespace digits
