#pragma once

#include <poll.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "jobs/job.hpp"
#include "jobs/task_process.hpp"

namespace digits {

/// What a worker is kept for. Requests with the same key go to the same worker.
struct WarmTask {
    std::string key;
    std::string owner;             ///< id of the job whose removal ends the worker; empty: none
    std::string noun;              ///< for messages: "the model did not answer"
    std::string kind;              ///< `kind` in task.json
    std::filesystem::path folder;  ///< gets `tasks/<kind>-<n>`
    JsonPtr spec;                  ///< completed by `idle_s`
    std::chrono::seconds idle{300};
};

/// Workers that stay to answer requests: one a key, at most `max_workers`, one request at a time each; the longest
/// idle one makes room for another key. Not thread-safe: the manager's thread steps it, others only `add` and
/// `close_owner` under the manager's lock.
class WarmPool {
  public:
    using Clock = std::chrono::steady_clock;
    using Callback = std::function<void(Result<JsonPtr>)>;

    struct Options {
        std::filesystem::path worker_path;
        int max_workers = 2;
        std::chrono::milliseconds grace{10000};
        bool allow_python_layers = false;
    };
    struct Request {
        WarmTask task;
        JsonPtr payload;
        Callback callback;
        std::chrono::milliseconds timeout{300000};
        Clock::time_point deadline{};  ///< set by `add`
        bool retried = false;
    };
    struct Answer {
        Callback callback;
        Result<JsonPtr> result;
    };

    explicit WarmPool(Options options) : options_(std::move(options)) {}

    void add(Request request);
    /// Ends the workers of a job at once; its requests are answered by an error.
    void close_owner(std::string_view job_id);

    void add_handles(std::vector<pollfd>& handles) const;
    std::optional<Clock::time_point> next_deadline() const;
    /// Reads, collects ended workers, hands out requests. Answers wait in `take_answers`.
    void step(Clock::time_point now);
    std::vector<Answer> take_answers();
    /// Ends all workers, kills those that take longer than `patience`, answers what is left with kUnavailable.
    void stop(std::chrono::milliseconds patience);
    std::size_t worker_count() const { return workers_.size(); }

  private:
    struct Worker {
        TaskProcess process;
        std::string key;
        std::string owner;
        std::string noun;
        std::chrono::seconds idle;
        std::filesystem::path task_dir;
        std::string input;  ///< read, not yet a whole line
        std::optional<Request> request;
        std::string request_id;
        Clock::time_point idle_since{};
        std::optional<Clock::time_point> kill_at;  ///< set once it shall end
        std::optional<Error> failed;
    };

    void step_worker(Worker& worker, Clock::time_point now);
    void handle(Worker& worker, const nlohmann::json& event, Clock::time_point now);
    void collect(Worker& worker, const ExitStatus& exit);
    void assign(Clock::time_point now);
    Worker* find_worker(const Request& request);
    bool make_room(Clock::time_point now);
    Status start_worker(const Request& request);
    void give(Worker& worker, Request request);
    void expire(Clock::time_point now);
    void answer(Request& request, Result<JsonPtr> result);

    Options options_;
    std::list<Worker> workers_;
    std::deque<Request> queue_;
    std::vector<Answer> answers_;
    std::uint64_t next_request_ = 1;
};

}  // namespace digits
