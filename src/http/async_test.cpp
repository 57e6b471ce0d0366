// Handlers that wait: coroutines that an answer resumes, and what becomes of them when their client leaves.

#include "http/async.hpp"

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "http/http_fixture.hpp"

namespace digits::http {
namespace {

/// Somebody who answers questions when the test says so.
class Oracle {
  public:
    Async<Result<std::string>> ask() {
        Callback<std::string> answer([this](Callback<std::string>::Done done) -> Callback<std::string>::GiveUp {
            const std::scoped_lock lock(mutex_);
            waiting_.push_back(std::move(done));
            changed_.notify_all();
            return [this] {
                const std::scoped_lock lock(mutex_);
                ++given_up_;
                changed_.notify_all();
                // A handler that is told to give up may answer at once; that is not an answer any more.
                if (!waiting_.empty()) waiting_.back()(fail(ErrorCode::kInternal, "given up"));
            };
        });
        co_return co_await answer;
    }
    bool wait_for(std::size_t questions, int given_up = 0) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return waiting_.size() >= questions && given_up_ >= given_up; });
    }
    /// Answers all, each twice, from a thread of its own.
    void answer(const std::string& text) {
        std::thread([&] {
            std::vector<Callback<std::string>::Done> waiting;
            {
                const std::scoped_lock lock(mutex_);
                waiting.swap(waiting_);
            }
            for (const auto& done : waiting) {
                done(text);
                done(std::string("a second answer"));
            }
        }).join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Callback<std::string>::Done> waiting_;
    int given_up_ = 0;
};

class AsyncServer : public HttpServer {
  protected:
    void SetUp() override {
        HttpServer::SetUp();
        const auto answer = [this](const Request& request) -> Async<Result<Response>> {
            DIGITS_CO_ASSIGN(const auto first, co_await oracle_.ask());
            DIGITS_CO_ASSIGN(const auto second, co_await oracle_.ask());
            co_return text(request.path + " " + first + second);
        };
        router_.add("GET", "/ask", answer);
        router_.add("GET", "/ask-once", [this](const Request&) -> Async<Result<Response>> {
            auto answer = co_await oracle_.ask();
            last_ = answer ? "answered" : answer.error().message;
            DIGITS_CO_TRY(answer);
            co_return text(*answer);
        });
        router_.add("GET", "/throw-later", [this](const Request&) -> Async<Result<Response>> {
            DIGITS_CO_TRY(co_await oracle_.ask());
            throw std::runtime_error("inner secret");
        });
        router_.add("GET", "/slow", [](const Request&) -> Async<Result<Response>> {
            const auto caller = std::this_thread::get_id();
            std::function<Result<bool>()> work = [caller]() -> Result<bool> {
                return std::this_thread::get_id() != caller;
            };
            DIGITS_CO_ASSIGN(const bool elsewhere, co_await run_slowly(std::move(work)));
            co_return text(elsewhere ? "on another thread" : "on the same thread");
        });
    }
    void TearDown() override { server_.reset(); }

    Oracle oracle_;
    std::string last_;
};

constexpr std::string_view kAsk = "GET /ask-once HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(AsyncServer, GoesOnWhenAnAnswerComes) {
    start();
    Client client(server_->port());
    client.say("GET /ask HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(oracle_.wait_for(1));
    oracle_.answer("yes");
    ASSERT_TRUE(oracle_.wait_for(1));
    oracle_.answer("no");
    EXPECT_THAT(client.hear_answer(), EndsWith("/ask yesno"));
    client.say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.hear_answer(), EndsWith("hello"));
}

TEST_F(AsyncServer, ManyThatWaitKeepNobodyFromBeingAnswered) {
    options_.handler_threads = 1;
    start();
    std::list<Client> clients;
    for (int i = 0; i < 64; ++i) clients.emplace_back(server_->port()).say(kAsk);
    ASSERT_TRUE(oracle_.wait_for(64));
    EXPECT_THAT(get("/hello"), EndsWith("hello"));
    oracle_.answer("done");
    for (auto& client : clients) EXPECT_THAT(client.hear_answer(), EndsWith("done"));
}

TEST_F(AsyncServer, RefusesMoreThanItsLimit) {
    options_.max_async_requests = 1;
    start();
    Client first(server_->port());
    first.say(kAsk);
    ASSERT_TRUE(oracle_.wait_for(1));
    EXPECT_THAT(ask(kAsk), StartsWith("HTTP/1.1 503 "));
    oracle_.answer("done");
    EXPECT_THAT(first.hear_answer(), EndsWith("done"));
}

TEST_F(AsyncServer, GivesUpWhenTheClientLeaves) {
    start();
    {
        Client client(server_->port());
        client.say(kAsk);
        ASSERT_TRUE(oracle_.wait_for(1));
    }
    ASSERT_TRUE(oracle_.wait_for(1, 1));
    oracle_.answer("too late");
    EXPECT_THAT(get("/hello"), EndsWith("hello"));
}

TEST_F(AsyncServer, KeepsWhatIsSentWhileItWaits) {
    start();
    Client client(server_->port());
    client.say(kAsk);
    ASSERT_TRUE(oracle_.wait_for(1));
    client.say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    oracle_.answer("done");
    EXPECT_THAT(client.hear_answer(), EndsWith("done"));
    EXPECT_THAT(client.hear_answer(), EndsWith("hello"));
}

TEST_F(AsyncServer, EndsWhatWaitsWhenItStops) {
    start();
    Client client(server_->port());
    client.say(kAsk);
    ASSERT_TRUE(oracle_.wait_for(1));
    const auto begin = std::chrono::steady_clock::now();
    server_->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
    EXPECT_THAT(client.hear_all(), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(last_, "the server is stopping");
    oracle_.answer("too late");
}

TEST_F(AsyncServer, HidesWhatWasThrownLater) {
    start();
    Client client(server_->port());
    client.say("GET /throw-later HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(oracle_.wait_for(1));
    oracle_.answer("go on");
    const auto answer = client.hear_answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("inner secret")));
}

TEST_F(AsyncServer, DoesLongWorkOnOtherThreads) { EXPECT_THAT(get("/slow"), EndsWith("on another thread")); }

}  // namespace
}  // namespace digits::http
