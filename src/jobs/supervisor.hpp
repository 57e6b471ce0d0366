#pragma once

#include <poll.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/event_log.hpp"
#include "jobs/job.hpp"
#include "jobs/launchers/launcher.hpp"
#include "jobs/store.hpp"

namespace digits {

/// Hears of running tasks. Must not start or adopt any meanwhile.
class TaskListener {
  public:
    virtual ~TaskListener() = default;
    /// At each step: the new events in their order, and where the next one begins in events.jsonl.
    virtual void on_events(const std::string& job_id, const LaunchedTask& task,
                           const std::vector<nlohmann::json>& events, std::uint64_t offset) = 0;
    /// After the task's last event, which ends at `offset`. It is not followed any more.
    virtual void on_end(const std::string& job_id, const TaskEnd& end, std::uint64_t offset) = 0;
};

/// Starts tasks, follows their event logs, passes commands on, and sees when they end. Its state is what runs; it knows
/// nothing of queues and of what jobs mean.
///
/// Not thread-safe: the manager calls it with its lock held, and touches tasks (`start`, `adopt`, `step`) only on its
/// own thread. `command` and `abort` only note what `step` then does.
class Supervisor {
  public:
    using Clock = std::chrono::steady_clock;

    struct Options {
        std::filesystem::path worker_path;
        const Launcher* launcher = nullptr;             ///< for new tasks
        std::chrono::milliseconds abort_grace{10'000};  ///< then a task that was to stop is killed
        std::filesystem::path memory_events;            ///< the kernel's, of the group that workers run in; empty: none
    };
    struct Task {
        std::string job_id;
        std::filesystem::path dir;
        nlohmann::json file;                   ///< becomes task.json
        std::vector<std::string> environment;  ///< `NAME=value`, over ours
    };

    explicit Supervisor(Options options);
    ~Supervisor();

    /// Writes task.json and starts the worker. `position.placement` says where; the rest of `position` is filled in.
    Status start(const Task& task, TaskPosition& position);
    /// Follows a task that an earlier server started and wrote down in `position`; it may have ended.
    void adopt(const std::string& job_id, const std::filesystem::path& dir, TaskPosition& position);
    /// Follows what runs in the folder, though it was not written down. False if nothing does.
    bool adopt_running(const std::string& job_id, const std::filesystem::path& dir, TaskPosition& position);

    void command(std::string_view job_id, const TaskCommand& command);
    /// Asks the task to stop, once; it is killed when it takes longer than `abort_grace`.
    void abort(std::string_view job_id);

    /// 0: no such task, or not on this machine.
    int pid(std::string_view job_id) const;

    void step(Clock::time_point now, TaskListener& listener);
    /// When to step at the latest, if no handle is ready before; none: nothing runs.
    std::optional<Clock::time_point> next_step(Clock::time_point now) const;
    void add_handles(std::vector<pollfd>& handles) const;

    /// Why a task ended without a last event, in words.
    JobError explain(const TaskEnd& end, const std::filesystem::path& dir, const TaskPosition& position) const;

  private:
    struct Running;

    void follow(const std::string& job_id, const std::filesystem::path& dir, const Launcher& launcher,
                std::unique_ptr<LaunchedTask> task, TaskPosition& position);
    void carry_out(Running& running, Clock::time_point now);
    bool read_events(const std::string& job_id, Running& running, TaskListener& listener);

    const Options options_;
    std::map<std::string, Running, std::less<>> running_;
};

}  // namespace digits
