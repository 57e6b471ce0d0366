#include "jobs/warm_pool.hpp"

#include <future>

#include "jobs/manager_fixture.hpp"

namespace digits {
namespace {

using namespace test;
using testing::HasSubstr;
using Answer = std::future<Result<JsonPtr>>;

/// A pool of fake workers, whose folder is `folder_`: files that steps touch appear there.
class WarmPoolTest : public testing::Test {
  protected:
    void SetUp() override {
        options_.worker_path = fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
        options_.workers = {{"assist", 3}};
        options_.stop_patience = std::chrono::milliseconds(200);
        start();
    }
    void start() {
        auto created = WarmPool::create(options_);
        ASSERT_TRUE(created) << created.error().to_string();
        pool_ = std::move(*created);
    }

    WarmRequest request(json payload, const char* key = "questions") const {
        WarmTask task;
        task.key = key;
        task.owner = owner_;
        task.noun = "the helper";
        task.kind = "assist";
        task.folder = folder_.path();
        task.spec = std::make_shared<const json>(json::object());
        task.workers = workers_of_key_;
        return {std::move(task), std::make_shared<const json>(std::move(payload)), timeout_};
    }
    std::pair<WarmPool::RequestId, Answer> ask(json payload, const char* key = "questions") {
        auto told = std::make_shared<std::promise<Result<JsonPtr>>>();
        auto answer = told->get_future();
        const auto id = pool_->ask(request(std::move(payload), key),
                                   [told](Result<JsonPtr> result) { told->set_value(std::move(result)); });
        return {id, std::move(answer)};
    }
    static json take(Answer answer) {
        const auto result = answer.get();
        EXPECT_TRUE(result) << result.error().to_string();
        return result ? **result : json();
    }
    static Error take_error(Answer answer) {
        const auto result = answer.get();
        EXPECT_FALSE(result) << (*result)->dump();
        return result ? Error{} : result.error();
    }
    json answer_of(json payload, const char* key = "questions") { return take(ask(std::move(payload), key).second); }

    void touch(const char* name) const { std::ofstream(folder_.path() / name) << ""; }
    template <class Condition>
    static bool wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }
    void expect_file(const char* name) const {
        EXPECT_TRUE(wait_until([&] { return fs::exists(folder_.path() / name); })) << name;
    }

    TemporaryFolder folder_;
    WarmPool::Options options_;
    std::chrono::milliseconds timeout_ = kPatience;
    int workers_of_key_ = 1;
    std::string owner_;
    std::unique_ptr<WarmPool> pool_;
};

TEST_F(WarmPoolTest, KeepsOneWorkerForAllRequestsOfAKey) {
    const auto first = answer_of({{"answer", 1}});
    EXPECT_EQ(first["answer"], 1);
    const auto second = answer_of({{"answer", "two"}});
    EXPECT_EQ(second["answer"], "two");
    EXPECT_EQ(first["pid"], second["pid"]);
}

TEST_F(WarmPoolTest, ACrashFailsOnlyTheRequestThatCausedIt) {
    const auto crashed = take_error(ask({{"do", {step("signal", "SIGSEGV")}}}).second);
    EXPECT_THAT(crashed.message, HasSubstr("SIGSEGV"));
    EXPECT_EQ(answer_of({{"answer", 2}})["answer"], 2);
}

TEST_F(WarmPoolTest, EndsAWorkerThatTakesTooLong) {
    timeout_ = std::chrono::milliseconds(300);
    EXPECT_EQ(take_error(ask({{"do", {step("until", "never")}}}).second).code, ErrorCode::kUnavailable);
    EXPECT_TRUE(wait_until([&] { return !is_worker_locked(folder_.path() / "tasks/assist-0"); }));
}

TEST_F(WarmPoolTest, TimeInTheQueueIsNotTimeOfTheAnswer) {
    // The last request is in the queue for longer than an answer may take.
    answer_of({{"answer", "the worker is there"}});
    timeout_ = std::chrono::milliseconds(1500);
    const std::vector<const char*> ends{"first", "second", "third", "fourth"};
    std::vector<Answer> answers;
    for (const auto* end : ends) answers.push_back(ask({{"do", {step("until", end)}}, {"answer", end}}).second);
    for (std::size_t i = 0; i < ends.size(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        touch(ends[i]);
        EXPECT_EQ(take(std::move(answers[i]))["answer"], ends[i]);
    }
}

TEST_F(WarmPoolTest, WaitingInTheQueueEnds) {
    pool_.reset();
    options_.wait = std::chrono::milliseconds(200);
    start();
    auto slow = ask({{"do", {step("touch", "slow"), step("until", "go")}}});
    expect_file("slow");
    const auto error = take_error(ask({{"answer", 1}}).second);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("the helper was busy with other requests for 0.2 s"));
    touch("go");
    take(std::move(slow.second));
}

TEST_F(WarmPoolTest, ABusyKeyDoesNotDelayAnother) {
    auto slow = ask({{"do", {step("touch", "slow"), step("until", "go")}}, {"answer", "slow"}}, "scans");
    expect_file("slow");
    EXPECT_EQ(answer_of({{"answer", "fast"}})["answer"], "fast");
    touch("go");
    EXPECT_EQ(take(std::move(slow.second))["answer"], "slow");
}

TEST_F(WarmPoolTest, AKeyHasAsManyWorkersAsItMay) {
    workers_of_key_ = 2;
    auto first = ask({{"do", {step("touch", "a"), step("until", "go")}}});
    auto second = ask({{"do", {step("touch", "b"), step("until", "go")}}});
    expect_file("a");
    expect_file("b");
    auto third = ask({{"do", {step("touch", "c")}}});
    EXPECT_EQ(pool_->worker_count(), 2U);
    EXPECT_FALSE(fs::exists(folder_.path() / "c"));
    touch("go");
    const auto pids =
        std::set{take(std::move(first.second))["pid"].get<int>(), take(std::move(second.second))["pid"].get<int>()};
    EXPECT_EQ(pids.size(), 2U);
    EXPECT_TRUE(pids.contains(take(std::move(third.second))["pid"].get<int>()));
}

TEST_F(WarmPoolTest, SaysThatMemoryRanOut) {
    const auto events = folder_.path() / "memory.events";
    std::ofstream(events) << "oom_kill 3\n";
    pool_.reset();
    options_.memory_events = events;
    start();
    auto [id, answer] = ask({{"do", {{{"touch", "busy"}}, {{"until", "go"}}, {{"signal", "SIGKILL"}}}}});
    ASSERT_TRUE(wait_until([&] { return fs::exists(folder_.path() / "busy"); }));
    std::ofstream(events) << "oom_kill 4\n";
    touch("go");
    const auto error = take_error(std::move(answer));
    EXPECT_EQ(error.code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.message, HasSubstr("memory ran out"));
}

TEST_F(WarmPoolTest, TheIdleWorkerMakesRoomForAnotherKey) {
    pool_.reset();
    options_.workers = {};  // one of a kind
    start();
    const auto first = answer_of({{"answer", 1}}, "a");
    const auto second = answer_of({{"answer", 2}}, "b");
    EXPECT_NE(first["pid"], second["pid"]);
    EXPECT_EQ(pool_->worker_count(), 1U);
}

TEST_F(WarmPoolTest, RefusesMoreRequestsThanMayWait) {
    pool_.reset();
    options_.max_waiting = 1;
    start();
    auto running = ask({{"do", {step("touch", "here"), step("until", "go")}}});
    expect_file("here");
    auto waiting = ask({{"answer", 2}});
    const auto refused = take_error(ask({{"answer", 3}}).second);
    EXPECT_EQ(refused.code, ErrorCode::kUnavailable);
    EXPECT_THAT(refused.message, HasSubstr("the helper is busy"));
    touch("go");
    EXPECT_EQ(take(std::move(waiting.second))["answer"], 2);
}

TEST_F(WarmPoolTest, DropsACancelledRequestThatWaits) {
    auto running = ask({{"do", {step("touch", "here"), step("until", "go")}}, {"answer", 1}});
    expect_file("here");
    auto waiting = ask({{"do", {step("touch", "never")}}});
    pool_->cancel(waiting.first);
    EXPECT_EQ(take_error(std::move(waiting.second)).code, ErrorCode::kCancelled);
    touch("go");
    EXPECT_EQ(take(std::move(running.second))["answer"], 1);
    EXPECT_EQ(answer_of({{"answer", 3}})["answer"], 3);
    EXPECT_FALSE(fs::exists(folder_.path() / "never"));
}

TEST_F(WarmPoolTest, TellsTheWorkerOfACancelledRequestAndKeepsIt) {
    const auto before = answer_of({{"answer", 1}});
    auto running = ask({{"do", {step("touch", "here"), step("hear", "cancel"), step("touch", "heard")}}});
    expect_file("here");
    pool_->cancel(running.first);
    EXPECT_EQ(take_error(std::move(running.second)).code, ErrorCode::kCancelled);
    expect_file("heard");
    EXPECT_EQ(answer_of({{"answer", 2}})["pid"], before["pid"]);
}

TEST_F(WarmPoolTest, EndsAWorkerThatIgnoresThatItsRequestWasCancelled) {
    pool_.reset();
    options_.cancel_grace = std::chrono::milliseconds(50);
    start();
    auto running = ask({{"do", {step("touch", "here"), step("until", "never")}}});
    expect_file("here");
    pool_->cancel(running.first);
    EXPECT_EQ(take_error(std::move(running.second)).code, ErrorCode::kCancelled);
    EXPECT_TRUE(wait_until([&] { return !is_worker_locked(folder_.path() / "tasks/assist-0"); }));
    EXPECT_EQ(answer_of({{"answer", 2}})["answer"], 2);
}

TEST_F(WarmPoolTest, CancellingWhatWasAnsweredChangesNothing) {
    auto answered = ask({{"answer", 1}});
    const auto first = take(std::move(answered.second));
    pool_->cancel(answered.first);
    pool_->cancel(answered.first + 100);
    EXPECT_EQ(answer_of({{"answer", 2}})["pid"], first["pid"]);
}

TEST_F(WarmPoolTest, ACallbackMayAskAndCancel) {
    std::promise<Result<JsonPtr>> told;
    pool_->ask(request({{"answer", 1}}), [&](Result<JsonPtr>) {
        const auto id = pool_->ask(request({{"do", {step("until", "never")}}}),
                                   [&](Result<JsonPtr> second) { told.set_value(std::move(second)); });
        pool_->cancel(id);
    });
    EXPECT_EQ(take_error(told.get_future()).code, ErrorCode::kCancelled);
}

TEST_F(WarmPoolTest, EndsTheWorkersOfARemovedJob) {
    owner_ = "20260101-000000-0000";
    auto running = ask({{"do", {step("touch", "here"), step("until", "never")}}});
    auto waiting = ask({{"answer", 2}});
    expect_file("here");
    pool_->close_owner(owner_);
    EXPECT_EQ(take_error(std::move(running.second)).code, ErrorCode::kNotFound);
    EXPECT_THAT(take_error(std::move(waiting.second)).message, HasSubstr("was removed"));
    EXPECT_TRUE(wait_until([&] { return pool_->worker_count() == 0; }));
}

TEST_F(WarmPoolTest, AnswersWhatWaitsWhenTheServerStops) {
    auto running = ask({{"do", {step("until", "never")}}});
    pool_.reset();
    EXPECT_EQ(take_error(std::move(running.second)).code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace digits
