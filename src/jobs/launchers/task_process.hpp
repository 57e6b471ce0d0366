#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "jobs/file_handle.hpp"

namespace digits {

/// How a process ended. Neither: unknown, as it was not a child of ours.
struct ExitStatus {
    std::optional<int> code;
    std::optional<int> signal;
};

/// Start time in clock ticks since boot, as in /proc/<pid>/stat; none if there is no such process or it is a zombie.
std::optional<std::uint64_t> find_start_time(pid_t pid);

/// True while a process holds the lock of a task folder's worker.lock.
bool is_worker_locked(const std::filesystem::path& task_dir);
/// The pid in worker.lock, 0 if there is none.
pid_t read_lock_pid(const std::filesystem::path& task_dir);

/// A worker that we started: a child in its own process group with pipes to its standard input and output. When memory
/// runs out, the kernel ends it before us. Not thread-safe. Destroying it closes the pipes and lets the process be.
class TaskProcess {
  public:
    struct Command {
        std::filesystem::path program;
        std::vector<std::string> arguments;
        std::vector<std::string> environment;  ///< `NAME=value`, over ours
        std::filesystem::path log;             ///< standard error is appended to it
    };
    static Result<TaskProcess> start(const Command& command);

    pid_t pid() const { return pid_; }
    std::uint64_t start_time() const { return start_time_; }
    /// To poll for input. -1 once it ended.
    int output() const { return output_.get(); }
    /// To poll for room. -1 if nothing waits to be sent.
    int blocked_input() const { return unsent_.empty() ? -1 : input_.get(); }
    /// Readable when the process has ended; -1 where the kernel has no pidfd.
    int exit_handle() const { return exit_.get(); }

    /// Queues one line; `flush` sends what the pipe takes. SIGPIPE must be blocked in the calling thread.
    void send(std::string_view line);
    void flush();
    /// Appends what the process wrote, at most about `limit` bytes; true if there may be more.
    bool read_output(std::string& buffer, std::size_t limit);

    /// Once the process has ended: kills what is left of its group, collects its status.
    std::optional<ExitStatus> reap();
    void signal_group(int signal) const;

  private:
    TaskProcess(pid_t pid, FileHandle input, FileHandle output);

    pid_t pid_ = 0;
    std::uint64_t start_time_ = 0;
    FileHandle input_;
    FileHandle output_;
    FileHandle exit_;
    std::string unsent_;
};

}  // namespace digits
