#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/grant.hpp"
#include "base/result.hpp"
#include "jobs/job.hpp"
#include "jobs/launchers/task_process.hpp"
#include "jobs/wake_up.hpp"

namespace digits {

/// What a worker is kept for. Requests with the same key share its workers.
struct WarmTask {
    std::string key;
    std::string owner;             ///< id of the job whose removal ends the workers; empty: none
    std::string noun;              ///< for messages: "the model did not answer"
    std::string kind;              ///< `kind` in task.json
    std::filesystem::path folder;  ///< gets `tasks/<kind>-<n>`
    JsonPtr spec;
    Grant grant;      ///< `limits.idle_s`: after that time without a request the worker ends
    int workers = 1;  ///< how many of the key may work at the same time
};

struct WarmRequest {
    WarmTask task;
    JsonPtr payload;
    /// From the moment that a worker takes the request to its answer, the start of the worker included. A worker that
    /// is late is ended. Waiting for one has a limit of its own (WarmPool::Options::wait).
    std::chrono::milliseconds timeout{300'000};
};

/// Workers that stay to answer requests, one request at a time each. A key has at most `WarmTask::workers` of them, a
/// kind at most `Options::workers`; the longest idle worker of a kind makes room for another key.
///
/// Thread-safe, and independent of the other parts of the job manager: the pool has a thread of its own, which alone
/// touches the processes, and one lock for its state. Each request is answered exactly once, by its callback, on that
/// thread and without the lock; a callback must be quick, must not throw, and may call the pool.
class WarmPool {
  public:
    using Clock = std::chrono::steady_clock;
    using Callback = std::function<void(Result<JsonPtr>)>;
    /// Never 0.
    using RequestId = std::uint64_t;

    struct Options {
        std::filesystem::path worker_path;
        std::map<std::string, int> workers;             ///< most workers of a kind; 1 where it is not named
        std::size_t max_waiting = 1000;                 ///< requests; more are refused with kUnavailable
        std::chrono::milliseconds wait{900'000};        ///< longest time of a request in the queue
        std::chrono::milliseconds grace{10'000};        ///< for a worker that was told to quit
        std::chrono::milliseconds cancel_grace{1'000};  ///< for a worker whose request was cancelled
        std::chrono::milliseconds stop_patience{2'000};
        std::filesystem::path memory_events;  ///< as of find_memory_events(); empty: not known
    };

    static Result<std::unique_ptr<WarmPool>> create(Options options);
    /// Ends all workers and answers what is left with kUnavailable.
    ~WarmPool();
    WarmPool(const WarmPool&) = delete;
    WarmPool& operator=(const WarmPool&) = delete;

    RequestId ask(WarmRequest request, Callback callback);
    /// Answers the request with kCancelled, unless it has been answered. A worker that is busy with it is told to stop,
    /// and ended if it does not answer within `cancel_grace`.
    void cancel(RequestId id);
    /// Ends the workers of a job at once; its requests are answered by an error.
    void close_owner(std::string_view job_id);
    std::size_t worker_count() const;

  private:
    struct Pending {
        RequestId id = 0;
        WarmRequest request;
        Callback callback;
        Clock::time_point deadline;  ///< in the queue of finding a worker, then of its answer
        bool retried = false;
    };
    struct Answer {
        Callback callback;
        Result<JsonPtr> result;
    };
    struct Worker {
        TaskProcess process;
        WarmTask task;
        std::filesystem::path task_dir;
        std::string input;               ///< read, not yet a whole line
        RequestId busy_with = 0;         ///< the request that it was given last and has not answered; 0: idle
        std::optional<Pending> pending;  ///< that request, while somebody waits for its answer
        Clock::time_point idle_since;
        std::optional<Clock::time_point> cancelled_until;
        std::optional<Clock::time_point> kill_at;  ///< set once it must end
        std::optional<Error> failed;
        std::int64_t oom_kills = 0;  ///< that the kernel had counted when it was started
    };

    WarmPool(Options options, WakeUp wake_up);
    void run();
    void step(Clock::time_point now);
    std::optional<Clock::time_point> next_deadline() const;
    std::vector<pollfd> handles() const;

    void step_worker(Worker& worker, Clock::time_point now);
    void handle(Worker& worker, const nlohmann::json& event, Clock::time_point now);
    void collect(Worker& worker, const ExitStatus& exit);
    void expire(Clock::time_point now);
    void assign(Clock::time_point now);
    Worker* find_idle(const WarmTask& task);
    bool has_room(const WarmTask& task, Clock::time_point now);
    Status start_worker(const WarmTask& task);
    static void give(Worker& worker, Pending pending);
    static void end(Worker& worker);
    void answer(Pending& pending, Result<JsonPtr> result);
    void stop();

    const Options options_;
    const WakeUp wake_up_;

    mutable std::mutex mutex_;  ///< guards all below but the thread
    std::list<Worker> workers_;
    std::deque<Pending> queue_;
    std::vector<Answer> answers_;
    RequestId last_id_ = 0;
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace digits
