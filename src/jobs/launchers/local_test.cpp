#include "jobs/launchers/local.hpp"

#include "jobs/launchers/launcher_conformance.hpp"
#include "jobs/launchers/losing_launcher.hpp"

namespace digits::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Launchers, LauncherConformance,
                         testing::Values(LauncherCase{"local", [] { return std::make_unique<LocalLauncher>(); }, {}},
                                         LauncherCase{"losing", [] { return std::make_unique<LosingLauncher>(); },
                                                      LosingLauncher::lose}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Launchers, TheFirstIsTheLocalOne) {
    EXPECT_EQ(launchers().all().front()->name(), "local");
    EXPECT_FALSE(launchers().find("elsewhere"));
}

}  // namespace
}  // namespace digits::test
