#pragma once

#include <poll.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/grant.hpp"
#include "base/registry.hpp"
#include "base/result.hpp"
#include "jobs/job_kind.hpp"
#include "jobs/launchers/task_process.hpp"

namespace digits {

struct LaunchRequest {
    std::vector<std::string> argv;         ///< the program first
    std::vector<std::string> environment;  ///< `NAME=value`, over ours
    std::filesystem::path task_dir;        ///< holds task.json; gets events.jsonl, and log.txt with standard error
    Placement placement;
};

struct TaskEnd {
    ExitStatus exit;
    /// The launcher can no longer tell what became of the task, and why. It may still run.
    std::optional<Error> lost;
};

/// A task that was started, as its launcher sees it. What it tells is read from its events.jsonl by others. Not
/// thread-safe. Destroying it lets the task be.
class LaunchedTask {
  public:
    virtual ~LaunchedTask() = default;

    /// What a later server needs to adopt the task, beside its folder. May change until the task ends.
    virtual std::string handle() const = 0;
    /// On this machine; 0: on another, or not known.
    virtual int pid() const = 0;

    /// Both return at once and do nothing once the task has ended. SIGPIPE must be blocked in the calling thread.
    virtual void tell(const TaskCommand& command) = 0;
    virtual void kill() = 0;

    /// None while it runs. Has to be called now and then; after it answered it is not called again.
    virtual std::optional<TaskEnd> check() = 0;
    /// What to poll for until the next `check`.
    virtual void add_handles(std::vector<pollfd>& handles) const = 0;
    /// After what time to check at the latest; none: the handles tell.
    virtual std::optional<std::chrono::milliseconds> check_interval() const = 0;
};

/// Starts tasks, here or elsewhere. One implementation a way to run programs; all pass the tests of
/// launcher_conformance.hpp. Thread-safe.
class Launcher {
  public:
    virtual ~Launcher() = default;

    virtual std::string_view name() const = 0;
    virtual Result<std::unique_ptr<LaunchedTask>> start(const LaunchRequest& request) const = 0;
    /// A task that an earlier server started and wrote down; it may have ended meanwhile. Never null.
    virtual std::unique_ptr<LaunchedTask> adopt(const std::filesystem::path& task_dir,
                                                const std::string& handle) const = 0;
    /// Whatever runs in that folder, though nobody wrote it down: the server died right after it had started it. Null
    /// if nothing does.
    virtual std::unique_ptr<LaunchedTask> find_running(const std::filesystem::path& task_dir) const = 0;
};

/// The launchers that there are; the first one is "local".
Registry<Launcher>& launchers();

}  // namespace digits
