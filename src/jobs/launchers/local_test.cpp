#include "jobs/launchers/local.hpp"

#include <fstream>
#include <thread>

#include "jobs/launchers/launcher_conformance.hpp"
#include "jobs/launchers/losing_launcher.hpp"

namespace digits::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Launchers, LauncherConformance,
                         testing::Values(LauncherCase{"local", [] { return std::make_unique<LocalLauncher>(); }, {}},
                                         LauncherCase{"losing", [] { return std::make_unique<LosingLauncher>(); },
                                                      LosingLauncher::lose}),
                         [](const auto& tested) { return tested.param.name; });

int oom_score(const std::string& process) {
    int score = 0;
    std::ifstream("/proc/" + process + "/oom_score_adj") >> score;
    return score;
}

TEST(LocalLauncher, LetsTheKernelEndAWorkerBeforeTheServer) {
    const TemporaryFolder folder;
    LaunchRequest request;
    request.argv = {"/bin/sleep", "60"};
    request.task_dir = folder.path();
    const auto task = LocalLauncher().start(request);
    ASSERT_TRUE(task) << task.error().to_string();
    EXPECT_GT(oom_score(std::to_string((*task)->pid())), oom_score("self"));
    (*task)->kill();
    while (!(*task)->check()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST(Launchers, TheFirstIsTheLocalOne) {
    EXPECT_EQ(launchers().all().front()->name(), "local");
    EXPECT_FALSE(launchers().find("elsewhere"));
}

}  // namespace
}  // namespace digits::test
