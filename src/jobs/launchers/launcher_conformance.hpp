#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.hpp"
#include "jobs/launchers/launcher.hpp"

namespace digits::test {

/// How the tests make a launcher, and make it lose a task.
struct LauncherCase {
    std::string name;
    std::function<std::unique_ptr<Launcher>()> create;
    /// Lets the launcher lose sight of the task in this folder; empty: it cannot happen to it.
    std::function<void(const std::filesystem::path& task_dir)> lose = {};
};

/// What every launcher does. Instantiate with its cases:
/// `INSTANTIATE_TEST_SUITE_P(Local, LauncherConformance, testing::Values(…));`
class LauncherConformance : public testing::TestWithParam<LauncherCase> {
  protected:
    void SetUp() override {
        signal(SIGPIPE, SIG_IGN);
        launcher_ = GetParam().create();
        std::filesystem::create_directories(task_dir());
    }
    void TearDown() override {
        // No fake may outlive its test.
        if (auto task = launcher_->find_running(task_dir())) {
            task->kill();
            wait_for_end(*task);
        }
    }

    std::filesystem::path task_dir() const { return folder_.path() / "tasks/fake"; }
    std::filesystem::path file(const char* name) const { return folder_.path() / name; }
    void touch(const char* name) const { std::ofstream(file(name)) << ""; }

    std::unique_ptr<LaunchedTask> start(nlohmann::json script, std::vector<std::string> environment = {}) {
        const nlohmann::json task{
            {"format", 2}, {"kind", "fake"}, {"spec", {{"script", std::move(script)}}}, {"grant", {}}};
        std::ofstream(task_dir() / "task.json") << task.dump();
        const auto worker = std::filesystem::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
        auto started = launcher_->start({{worker.string(), "run", "--task-dir", task_dir().string()},
                                         std::move(environment),
                                         task_dir(),
                                         Placement{}});
        EXPECT_TRUE(started) << started.error().to_string();
        return started ? std::move(*started) : nullptr;
    }

    template <class Condition>
    static bool wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }
    void expect_file(const char* name) const {
        EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(file(name)); })) << name;
    }
    /// Sleeps as the supervisor does: until a handle is ready, or the task wants to be checked.
    static TaskEnd wait_for_end(LaunchedTask& task) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (std::chrono::steady_clock::now() < end) {
            if (auto ended = task.check()) return *ended;
            std::vector<pollfd> handles;
            task.add_handles(handles);
            const auto interval = task.check_interval();
            EXPECT_TRUE(interval || !handles.empty()) << "nothing would tell that it ends";
            ::poll(handles.data(), handles.size(), interval ? static_cast<int>(interval->count()) : 5000);
        }
        ADD_FAILURE() << "the task did not end";
        return {};
    }
    std::string log() const { return read_file(task_dir() / "log.txt").value_or(""); }

    TemporaryFolder folder_;
    std::unique_ptr<Launcher> launcher_;
};

TEST_P(LauncherConformance, RunsATaskToItsEnd) {
    const auto task = start({{{"say", "hello"}}, {{"touch", "here"}}});
    const auto end = wait_for_end(*task);
    EXPECT_FALSE(end.lost);
    EXPECT_EQ(end.exit.code.value_or(0), 0);
    EXPECT_TRUE(std::filesystem::exists(file("here")));
    EXPECT_THAT(log(), testing::HasSubstr("hello")) << "standard error goes to log.txt";
}

TEST_P(LauncherConformance, FailsToStartWhatIsNotThere) {
    const auto started = launcher_->start({{(folder_.path() / "nowhere").string()}, {}, task_dir(), Placement{}});
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().to_string(), testing::HasSubstr("nowhere"));
}

TEST_P(LauncherConformance, PassesTheEnvironmentOn) {
    const auto task = start({{{"say_variable", "DIGITS_TEST_WORD"}}}, {"DIGITS_TEST_WORD=kept"});
    wait_for_end(*task);
    EXPECT_THAT(log(), testing::HasSubstr("kept"));
}

TEST_P(LauncherConformance, PassesCommandsOn) {
    const auto task = start({{{"touch", "here"}}, {{"hear", "snapshot"}}, {{"touch", "heard"}}, {{"hear", "abort"}}});
    expect_file("here");
    EXPECT_FALSE(task->check());
    task->tell({"snapshot", SIGUSR1});
    EXPECT_TRUE(wait_until([&] {
        EXPECT_FALSE(task->check());
        return std::filesystem::exists(file("heard"));
    }));
    task->tell({"abort", SIGTERM});
    EXPECT_FALSE(wait_for_end(*task).lost);
}

TEST_P(LauncherConformance, Kills) {
    const auto task = start({{{"touch", "here"}}, {{"until", "never"}}});
    expect_file("here");
    task->kill();
    const auto end = wait_for_end(*task);
    EXPECT_NE(end.exit.code, 0);
}

TEST_P(LauncherConformance, ATaskOutlivesWhoStartedItAndIsAdopted) {
    auto task = start({{{"touch", "here"}}, {{"until", "go"}}, {{"touch", "there"}}, {{"hear", "abort"}}});
    expect_file("here");
    EXPECT_FALSE(task->check());
    const auto handle = task->handle();
    EXPECT_FALSE(handle.empty());
    task.reset();
    touch("go");
    expect_file("there");
    const auto adopted = GetParam().create()->adopt(task_dir(), handle);
    ASSERT_TRUE(adopted);
    EXPECT_FALSE(adopted->check());
    adopted->tell({"abort", SIGTERM});
    EXPECT_FALSE(wait_for_end(*adopted).lost);
}

TEST_P(LauncherConformance, KillsAnAdoptedTask) {
    auto task = start({{{"touch", "here"}}, {{"until", "never"}}});
    expect_file("here");
    const auto handle = task->handle();
    task.reset();
    const auto adopted = GetParam().create()->adopt(task_dir(), handle);
    EXPECT_FALSE(adopted->check());
    adopted->kill();
    wait_for_end(*adopted);
}

TEST_P(LauncherConformance, SeesThatAnAdoptedTaskEndedMeanwhile) {
    auto task = start({{{"touch", "here"}}});
    expect_file("here");
    const auto handle = task->handle();
    wait_for_end(*task);
    task.reset();
    EXPECT_FALSE(wait_for_end(*GetParam().create()->adopt(task_dir(), handle)).lost);
}

TEST_P(LauncherConformance, FindsATaskThatNobodyWroteDown) {
    EXPECT_FALSE(launcher_->find_running(task_dir()));
    auto task = start({{{"touch", "here"}}, {{"until", "go"}}});
    expect_file("here");
    task.reset();
    const auto found = GetParam().create()->find_running(task_dir());
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->check());
    EXPECT_FALSE(found->handle().empty());
    touch("go");
    EXPECT_FALSE(wait_for_end(*found).lost);
    EXPECT_FALSE(launcher_->find_running(task_dir()));
}

TEST_P(LauncherConformance, SaysThatItLostATask) {
    if (!GetParam().lose) GTEST_SKIP() << "it cannot lose one";
    const auto task = start({{{"touch", "here"}}, {{"until", "never"}}});
    expect_file("here");
    EXPECT_FALSE(task->check());
    GetParam().lose(task_dir());
    const auto end = wait_for_end(*task);
    ASSERT_TRUE(end.lost);
    EXPECT_EQ(end.lost->code, ErrorCode::kUnavailable);
    EXPECT_FALSE(end.lost->advice.empty()) << "it says what to do";
}

}  // namespace digits::test
