#include "jobs/launchers/local.hpp"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/log.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadLimit_bytes = 1 << 20;
/// Of workers that an earlier server started, and where the kernel cannot tell us when a process ends.
constexpr auto kCheckInterval = std::chrono::milliseconds(200);

/// Tells a process from another one that got its pid later.
struct ProcessName {
    pid_t pid = 0;
    std::uint64_t start_time = 0;  ///< 0: not known

    bool is_alive() const { return pid > 0 && start_time != 0 && find_start_time(pid) == start_time; }
};

class LocalTask final : public LaunchedTask {
  public:
    LocalTask(fs::path dir, TaskProcess process)
        : dir_(std::move(dir)), name_{process.pid(), process.start_time()}, process_(std::move(process)) {}
    LocalTask(fs::path dir, ProcessName name) : dir_(std::move(dir)), name_(name) { follow_lock(); }

    std::string handle() const override { return fmt::format("{} {}", name_.pid, name_.start_time); }
    int pid() const override { return name_.pid; }

    void tell(const TaskCommand& command) override {
        told_.push_back(command);
        if (process_) {
            process_->send(nlohmann::json{{"command", command.name}}.dump());
            process_->flush();
        } else if (name_.pid > 0) {
            ::kill(name_.pid, command.signal);
        }
    }
    void kill() override {
        if (name_.pid > 0) ::kill(-name_.pid, SIGKILL);
    }

    std::optional<TaskEnd> check() override {
        if (!process_) return has_ended() ? std::optional(TaskEnd{}) : std::nullopt;
        // Its events are read from disk, where they are before they come down the pipe; this only empties the pipe.
        process_->read_output(unread_output_, kReadLimit_bytes);
        unread_output_.clear();
        process_->flush();
        const auto exit = process_->reap();
        if (!exit) return std::nullopt;
        if (!is_worker_locked(dir_)) return TaskEnd{*exit, {}};
        // Ours was refused: an earlier server started one and died before it could write that down.
        process_.reset();
        follow_lock();
        for (const auto& command : std::exchange(told_, {})) tell(command);
        return std::nullopt;
    }

    void add_handles(std::vector<pollfd>& handles) const override {
        if (!process_) return;
        for (const int handle : {process_->output(), process_->exit_handle()})
            if (handle >= 0) handles.push_back({handle, POLLIN, 0});
        if (process_->blocked_input() >= 0) handles.push_back({process_->blocked_input(), POLLOUT, 0});
    }
    std::optional<std::chrono::milliseconds> check_interval() const override {
        if (process_ && process_->exit_handle() >= 0) return std::nullopt;
        return kCheckInterval;
    }

  private:
    /// The worker that holds the lock is the one that counts.
    void follow_lock() {
        if (!is_worker_locked(dir_)) return;
        const auto pid = read_lock_pid(dir_);
        if (pid > 0 && pid != name_.pid) name_ = {pid, find_start_time(pid).value_or(0)};
    }
    bool has_ended() {
        if (is_worker_locked(dir_)) {
            follow_lock();
            return false;
        }
        // It may be so young that it has not taken its lock yet.
        return !name_.is_alive();
    }

    fs::path dir_;
    ProcessName name_;
    std::optional<TaskProcess> process_;  ///< none: started by an earlier server
    std::string unread_output_;
    std::vector<TaskCommand> told_;
};

ProcessName parse_handle(const std::string& handle) {
    ProcessName name;
    std::istringstream(handle) >> name.pid >> name.start_time;
    return name;
}

}  // namespace

Result<std::unique_ptr<LaunchedTask>> LocalLauncher::start(const LaunchRequest& request) const {
    TaskProcess::Command command;
    command.program = request.argv.at(0);
    command.arguments.assign(request.argv.begin() + 1, request.argv.end());
    command.environment = request.environment;
    command.log = request.task_dir / "log.txt";
    DIGITS_ASSIGN(auto process, TaskProcess::start(command));
    return std::make_unique<LocalTask>(request.task_dir, std::move(process));
}

std::unique_ptr<LaunchedTask> LocalLauncher::adopt(const fs::path& task_dir, const std::string& handle) const {
    return std::make_unique<LocalTask>(task_dir, parse_handle(handle));
}

std::unique_ptr<LaunchedTask> LocalLauncher::find_running(const fs::path& task_dir) const {
    if (!is_worker_locked(task_dir)) return nullptr;
    return std::make_unique<LocalTask>(task_dir, ProcessName{});
}

}  // namespace digits
