#include "jobs/warm_pool.hpp"

#include <future>

#include "jobs/manager_fixture.hpp"

namespace digits {
namespace {

using namespace test;
using testing::HasSubstr;

class WarmPoolTest : public ManagerTest {
  protected:
    void adjust(JobManagerOptions& options) override { options.assist_timeout = timeout_; }

    std::chrono::milliseconds timeout_ = kPatience;
};

TEST_F(WarmPoolTest, KeepsOneWorkerForAllQuestions) {
    const auto first = manager_->assist({{"answer", 1}});
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ((**first)["answer"], 1);
    const auto second = manager_->assist({{"answer", "two"}});
    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_EQ((**second)["answer"], "two");
    EXPECT_EQ((**first)["pid"], (**second)["pid"]);
    EXPECT_TRUE(running_ids().empty()) << "a question is no job";
}

TEST_F(WarmPoolTest, ACrashCostsOnlyTheQuestionThatCausedIt) {
    const auto crashed = manager_->assist({{"do", {step("signal", "SIGSEGV")}}});
    ASSERT_FALSE(crashed);
    EXPECT_THAT(crashed.error().message, HasSubstr("SIGSEGV"));
    const auto next = manager_->assist({{"answer", 2}});
    ASSERT_TRUE(next) << next.error().to_string();
    EXPECT_EQ((**next)["answer"], 2);
}

TEST_F(WarmPoolTest, AWorkerThatTakesTooLongIsEnded) {
    stop();
    timeout_ = std::chrono::milliseconds(300);
    start();
    const auto late = manager_->assist({{"do", {step("until", "never")}}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
    const auto dir = folder_.path() / "assist/tasks/assist-0";
    EXPECT_TRUE(wait_until([&] { return !is_worker_locked(dir); }));
}

TEST_F(WarmPoolTest, QuestionsThatWaitAreAnsweredWhenTheServerStops) {
    auto told = std::make_shared<std::promise<Result<JsonPtr>>>();
    auto answer = told->get_future();
    manager_->assist({{"do", {step("until", "never")}}},
                     [told](Result<JsonPtr> result) { told->set_value(std::move(result)); });
    stop();
    const auto result = answer.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    start();
}

}  // namespace
}  // namespace digits
