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

/// Workers that keep a model loaded: one a model and snapshot, at most `max_workers`, one request at a time each; the
/// longest idle one makes room for another model. Not thread-safe: the manager's thread steps it, others only `add`
/// and `close_model` under the manager's lock.
class InferPool {
  public:
    using Clock = std::chrono::steady_clock;
    using Callback = std::function<void(Result<JsonPtr>)>;

    struct Options {
        std::filesystem::path worker_path;
        int max_workers = 2;
        std::chrono::seconds idle{300};
        std::chrono::milliseconds timeout{300000};
        std::chrono::milliseconds grace{10000};
    };
    struct Request {
        std::string model_id;
        std::string snapshot;
        std::filesystem::path model_dir;
        std::filesystem::path dataset_dir;  ///< empty: the model has none
        JsonPtr payload;
        Callback callback;
        Clock::time_point deadline{};  ///< set by `add`
        bool retried = false;
    };
    struct Answer {
        Callback callback;
        Result<JsonPtr> result;
    };

    explicit InferPool(Options options) : options_(std::move(options)) {}

    void add(Request request);
    /// Ends the workers of a model at once; its requests are answered by an error.
    void close_model(std::string_view model_id);

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
        std::string model_id;
        std::string snapshot;
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
