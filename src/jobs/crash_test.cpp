#include "jobs/crash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "base/file.hpp"

namespace digits {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

JobError explain(ExitStatus exit, bool out_of_memory = false) { return explain_crash({exit, out_of_memory, "", 0}); }
ExitStatus by_signal(int signal) { return {std::nullopt, signal}; }
ExitStatus by_code(int code) { return {code, std::nullopt}; }

TEST(CrashTest, NamesTheSignalAndSaysHowToGoOn) {
    const std::pair<int, const char*> cases[]{{SIGSEGV, "SIGSEGV"}, {SIGBUS, "is the disk full?"},
                                              {SIGABRT, "SIGABRT"}, {SIGILL, "lacks an instruction"},
                                              {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"},
                                              {SIGTERM, "SIGTERM"}, {SIGXCPU, "SIGXCPU"},
                                              {SIGXFSZ, "SIGXFSZ"}, {SIGHUP, "HUP"}};
    for (const auto& [signal, words] : cases) {
        const auto error = explain(by_signal(signal)).error;
        EXPECT_THAT(error.message,
                    AllOf(StartsWith("the worker was ended by signal " + std::to_string(signal)), HasSubstr(words)));
        EXPECT_THAT(error.advice, HasSubstr("resume the job"));
    }
    EXPECT_EQ(explain(by_signal(SIGKILL)).error.code, ErrorCode::kUnavailable);
    EXPECT_EQ(explain(by_signal(SIGSEGV)).error.code, ErrorCode::kInternal);
}

TEST(CrashTest, TellsAnExitWithoutWords) {
    EXPECT_THAT(explain(by_code(3)).error.message, HasSubstr("exit code 3 without saying why"));
    EXPECT_THAT(explain(by_code(0)).error.message, HasSubstr("exit code 0 without saying that it was done"));
    EXPECT_THAT(explain({}).error.message, HasSubstr("while no server watched it"));
}

TEST(CrashTest, BlamesMemoryOnlyForAKillThatTheKernelCounted) {
    const auto error = explain(by_signal(SIGKILL), true).error;
    EXPECT_EQ(error.code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.message, HasSubstr("memory ran out"));
    EXPECT_THAT(error.advice, HasSubstr("smaller batch"));
    EXPECT_EQ(explain({}, true).error.code, ErrorCode::kResourceExhausted) << "of an earlier server's worker";
    EXPECT_EQ(explain(by_signal(SIGSEGV), true).error.code, ErrorCode::kInternal);
    EXPECT_EQ(explain(by_code(1), true).error.code, ErrorCode::kInternal);
}

TEST(CrashTest, ReadsTheKernelsCount) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "memory.events";
    EXPECT_EQ(count_oom_kills(file), 0);
    std::ofstream(file) << "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n";
    EXPECT_EQ(count_oom_kills(file), 5);
}

TEST(CrashTest, FindsTheKernelsCountInAGroupAndOutside) {
    const TemporaryFolder system;
    const auto write = [&](const char* name, const char* text) {
        const auto file = system.path() / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return file;
    };
    write("proc/self/cgroup", "0::/digits.service\n");
    EXPECT_EQ(find_memory_events(system.path()), std::nullopt);
    const auto machine = write("proc/vmstat", "nr_free_pages 9\noom_kill 7\n");
    EXPECT_EQ(find_memory_events(system.path()), machine);
    EXPECT_EQ(count_oom_kills(machine), 7);
    write("sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    EXPECT_EQ(find_memory_events(system.path()), machine) << "an old kernel's group does not count";
    const auto group = write("sys/fs/cgroup/digits.service/memory.events", "oom 1\noom_kill 2\n");
    EXPECT_EQ(find_memory_events(system.path()), group) << "it counts the group's alone";
}

TEST(CrashTest, ShowsTheEndOfThisAttemptsLog) {
    const TemporaryFolder folder;
    const auto log = folder.path() / "log.txt";
    const std::string before = "of the first attempt\n";
    std::ofstream(log) << before << "one\ntwo\n";
    EXPECT_EQ(explain_crash({by_code(1), false, log, before.size()}).log_tail, "one\ntwo\n");
    std::ofstream(log, std::ios::app) << std::string(10000, 'x') << "\nlast\n";
    EXPECT_EQ(explain_crash({by_code(1), false, log, before.size()}).log_tail, "last\n") << "whole lines";
    EXPECT_EQ(explain_crash({by_code(1), false, folder.path() / "none", 0}).log_tail, "");
}

TEST(ReadTailTest, GivesWholeLinesWithinTheLimit) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log.txt";
    std::ofstream(file) << "first\nsecond\nthird\n";
    EXPECT_EQ(read_tail(file, 100), "first\nsecond\nthird\n");
    EXPECT_EQ(read_tail(file, 15), "second\nthird\n");
    EXPECT_EQ(read_tail(file, 14), "second\nthird\n");
    EXPECT_EQ(read_tail(file, 100, 6), "second\nthird\n");
    EXPECT_EQ(read_tail(file, 100, 999), "first\nsecond\nthird\n") << "a start behind the end is not a start";
}

}  // namespace
}  // namespace digits
