#pragma once

// Coroutines for handlers that wait: for a worker, for a job, for another machine. A waiting one holds no thread. No
// Boost here, so that handlers compile fast.

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.hpp"

namespace digits::http {

/// What the coroutines of one request share: the threads that they run on, and whether the answer is still wanted.
/// Thread-safe. It outlives them.
class Scope : public std::enable_shared_from_this<Scope> {
  public:
    using Post = std::function<void(std::function<void()>)>;

    /// `post` runs short work on one of the threads that answer requests, `post_slow` work that may take seconds on one
    /// of a few others.
    Scope(Post post, Post post_slow) : post_(std::move(post)), post_slow_(std::move(post_slow)) {}

    void post(std::function<void()> work) const { post_(std::move(work)); }
    void post_slow(std::function<void()> work) const { post_slow_(std::move(work)); }

    /// Nobody wants the answer any more: what is being waited for is given up, and every later wait ends at once with
    /// `reason`.
    void cancel(Error reason);
    /// Why it was cancelled, if it was.
    std::optional<Error> cancelled() const;

    /// What a coroutine waits for.
    class Wait {
      public:
        virtual ~Wait() = default;
        virtual void cancel(const Error& reason) = 0;
    };
    /// Remembers what to give up on `cancel`. False: it is cancelled already.
    bool enter(std::shared_ptr<Wait> wait);
    void leave();

  private:
    const Post post_;
    const Post post_slow_;
    mutable std::mutex mutex_;
    std::optional<Error> cancelled_;
    std::shared_ptr<Wait> waiting_;
};

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> parent;
    Scope* scope = nullptr;
    std::exception_ptr exception;

    std::suspend_always initial_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { exception = std::current_exception(); }

    struct GoOn {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
            const auto parent = done.promise().parent;
            return parent ? parent : std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };
    GoOn final_suspend() noexcept { return {}; }
};

}  // namespace detail

/// A coroutine that gives a T. It starts when it is awaited, in the scope of the coroutine that awaits it. What is
/// passed to it by reference must live until then.
template <class T>
class [[nodiscard]] Async {
  public:
    struct promise_type : detail::PromiseBase {
        std::optional<T> value;
        Async get_return_object() { return Async(std::coroutine_handle<promise_type>::from_promise(*this)); }
        template <class U>
        void return_value(U&& result) {
            value.emplace(std::forward<U>(result));
        }
    };

    Async(Async&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Async& operator=(Async&&) = delete;
    ~Async() {
        if (coroutine_) coroutine_.destroy();
    }

    /// For the outermost one.
    void enter(Scope& scope) { coroutine_.promise().scope = &scope; }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
        coroutine_.promise().parent = parent;
        if constexpr (std::is_base_of_v<detail::PromiseBase, Promise>)
            coroutine_.promise().scope = parent.promise().scope;
        return coroutine_;
    }
    T await_resume() {
        auto& promise = coroutine_.promise();
        if (promise.exception) std::rethrow_exception(promise.exception);
        return std::move(*promise.value);
    }

  private:
    explicit Async(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

template <class T>
Detached run_to_end(Async<T> work, std::shared_ptr<Scope> scope, std::function<void(T)> done) {
    work.enter(*scope);
    done(co_await work);
}

}  // namespace detail

/// Runs a coroutine that throws nothing on the scope's threads; `done` gets its result on one of them.
template <class T>
void start(Async<T> work, std::shared_ptr<Scope> scope, std::function<void(T)> done) {
    // A std::function must be copyable.
    auto kept = std::make_shared<Async<T>>(std::move(work));
    auto& threads = *scope;
    threads.post([kept, scope = std::move(scope), done = std::move(done)]() mutable {
        detail::run_to_end<T>(std::move(*kept), std::move(scope), std::move(done));
    });
}

/// Waits for a callback that gives a Result<T>:
///
///     Callback<JsonPtr> answer([&](auto done) { const auto id = jobs.assist(question, done); return [=] { cancel(id);
///     }; }); const auto result = co_await answer;
///
/// `done` may be called on any thread, before or after the call returns, and more than once: the first counts. What the
/// call returns is run when the scope is cancelled meanwhile; the coroutine then goes on at once with that error and
/// waits for nobody.
template <class T>
class Callback {
  public:
    using Done = std::function<void(Result<T>)>;
    using GiveUp = std::function<void()>;
    using Call = std::function<GiveUp(Done)>;

    explicit Callback(Call call) : call_(std::move(call)) {}

    bool await_ready() const noexcept { return false; }

    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting) {
        auto& scope = *waiting.promise().scope;
        const auto wait = wait_ = std::make_shared<Wait>(waiting, scope);
        // The coroutine may go on elsewhere, and this object with it, as soon as anybody can finish the wait.
        const auto call = std::move(call_);
        if (!scope.enter(wait)) return wait->cancel(*scope.cancelled());
        wait->set_give_up(call([wait](Result<T> result) { wait->finish(std::move(result)); }));
    }

    Result<T> await_resume() {
        wait_->scope->leave();
        return std::move(*wait_->result);
    }

  private:
    struct Wait final : Scope::Wait {
        Wait(std::coroutine_handle<> coroutine, Scope& its_scope)
            : waiting(coroutine), scope(its_scope.shared_from_this()) {}

        std::coroutine_handle<> waiting;
        const std::shared_ptr<Scope> scope;
        std::mutex mutex;  ///< guards the three below until there is a result
        std::optional<Result<T>> result;
        GiveUp give_up;
        bool cancelled = false;

        void finish(Result<T> value) {
            {
                const std::scoped_lock lock(mutex);
                if (result) return;
                result.emplace(std::move(value));
                give_up = nullptr;
            }
            go_on();
        }
        void cancel(const Error& reason) override {
            GiveUp run;
            {
                const std::scoped_lock lock(mutex);
                if (result) return;
                // Before anybody who is told to give up can answer.
                result.emplace(fail(reason));
                cancelled = true;
                run = std::move(give_up);
            }
            if (run) run();
            go_on();
        }
        void go_on() {
            scope->post([coroutine = waiting] { coroutine.resume(); });
        }
        void set_give_up(GiveUp run) {
            {
                const std::scoped_lock lock(mutex);
                if (!cancelled) {
                    if (!result) give_up = std::move(run);
                    return;
                }
            }
            if (run) run();
        }
    };

    Call call_;
    std::shared_ptr<Wait> wait_;
};

/// Runs what may take seconds (packing an archive, asking another machine) on a thread for such work.
template <class T>
Async<Result<T>> run_slowly(std::function<Result<T>()> work) {
    struct SlowWork {
        std::function<Result<T>()> work;
        std::optional<Result<T>> result;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<typename Async<Result<T>>::promise_type> waiting) {
            const auto scope = waiting.promise().scope->shared_from_this();
            scope->post_slow([this, scope, waiting] {
                try {
                    result = work();
                } catch (const std::exception& error) {
                    result = fail(ErrorCode::kInternal, "unexpected: {}", error.what());
                }
                scope->post([waiting] { waiting.resume(); });
            });
        }
        Result<T> await_resume() { return std::move(*result); }
    };
    SlowWork slow{std::move(work), std::nullopt};
    co_return co_await slow;
}

/// `co_await CurrentScope{}`: the scope of the coroutine.
struct CurrentScope {
    Scope* scope = nullptr;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
        scope = coroutine.promise().scope;
        return false;
    }
    Scope& await_resume() const noexcept { return *scope; }
};

}  // namespace digits::http

/// DIGITS_TRY and DIGITS_ASSIGN (base/result.hpp) for coroutines that give a Result.
#define DIGITS_CO_TRY(expression)                                                          \
    do {                                                                                   \
        if (auto digits_status = (expression); !digits_status)                             \
            co_return ::tl::unexpected<::digits::Error>(std::move(digits_status).error()); \
    } while (false)

#define DIGITS_CO_ASSIGN(declaration, expression) \
    DIGITS_CO_ASSIGN_(DIGITS_CONCAT(digits_result_, __LINE__), declaration, expression)
#define DIGITS_CO_ASSIGN_(result, declaration, expression)                               \
    auto result = (expression);                                                          \
    if (!result) co_return ::tl::unexpected<::digits::Error>(std::move(result).error()); \
    declaration = std::move(*result)
