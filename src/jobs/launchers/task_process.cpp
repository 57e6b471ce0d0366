#include "jobs/launchers/task_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

extern char** environ;

namespace digits {

namespace {

constexpr int kFirstFreeHandle = 3;

struct SpawnActions {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnActions() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnActions() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    /// Own group, no signal blocked or ignored, and no handle of ours beyond the standard three: an inherited
    /// listening socket would keep the server's port taken after the server is gone.
    void set(int input, int output, int log) {
        posix_spawn_file_actions_adddup2(&actions, input, 0);
        posix_spawn_file_actions_adddup2(&actions, output, 1);
        posix_spawn_file_actions_adddup2(&actions, log, 2);
        posix_spawn_file_actions_addclosefrom_np(&actions, kFirstFreeHandle);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
};

std::vector<std::string> merged_environment(const std::vector<std::string>& over) {
    std::vector<std::string> merged = over;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text = *entry;
        const auto name = text.substr(0, text.find('=') + 1);
        bool replaced = false;
        for (const auto& other : over) replaced = replaced || other.starts_with(name);
        if (!replaced) merged.emplace_back(text);
    }
    return merged;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> list;
    for (auto& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

/// Moves a descriptor above the standard three, so that dup2 in the child never meets itself.
FileHandle above_standard(FileHandle handle) {
    if (handle.get() >= kFirstFreeHandle) return handle;
    return FileHandle(::fcntl(handle.get(), F_DUPFD_CLOEXEC, kFirstFreeHandle));
}

Result<std::pair<FileHandle, FileHandle>> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno_error("cannot make a pipe", errno));
    return std::pair(above_standard(FileHandle(ends[0])), above_standard(FileHandle(ends[1])));
}

/// How much sooner than us the kernel ends a worker when memory runs out (oom_score_adj, -1000 to 1000).
constexpr int kWorkersGoSooner = 500;

/// A worker's memory is what can be freed without losing the server. Raising the score needs no privilege; where it
/// fails nothing else does.
void prefer_to_kill(pid_t pid) {
    int own = 0;
    std::ifstream("/proc/self/oom_score_adj") >> own;
    std::ofstream(fmt::format("/proc/{}/oom_score_adj", pid)) << std::min(own + kWorkersGoSooner, 1000) << '\n';
}

}  // namespace

std::optional<std::uint64_t> find_start_time(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text.substr(name_end + 1));
    std::string state, skipped;
    fields >> state;
    if (state == "Z" || state == "X") return std::nullopt;
    constexpr int kFieldsBetween = 18;  // state is field 3, starttime field 22: proc(5)
    for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
    std::uint64_t ticks = 0;
    if (!(fields >> ticks)) return std::nullopt;
    return ticks;
}

bool is_worker_locked(const std::filesystem::path& task_dir) {
    const FileHandle lock(::open((task_dir / "worker.lock").c_str(), O_RDONLY | O_CLOEXEC));
    if (!lock) return false;
    if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return false;
    return errno == EWOULDBLOCK;
}

pid_t read_lock_pid(const std::filesystem::path& task_dir) {
    std::ifstream file(task_dir / "worker.lock");
    const auto data = nlohmann::json::parse(file, nullptr, false);
    if (!data.is_object() || !data.contains("pid") || !data["pid"].is_number_integer()) return 0;
    return data["pid"].get<pid_t>();
}

TaskProcess::TaskProcess(pid_t pid, FileHandle input, FileHandle output)
    : pid_(pid),
      start_time_(find_start_time(pid).value_or(0)),
      input_(std::move(input)),
      output_(std::move(output)),
      exit_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    ::fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
}

Result<TaskProcess> TaskProcess::start(const Command& command) {
    DIGITS_ASSIGN(auto input, make_pipe());
    DIGITS_ASSIGN(auto output, make_pipe());
    const FileHandle log =
        above_standard(FileHandle(::open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)));
    if (!log) return fail(errno_error("cannot open " + command.log.string(), errno));
    SpawnActions spawn;
    spawn.set(input.first.get(), output.second.get(), log.get());
    std::vector<std::string> words{command.program.string()};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    auto environment = merged_environment(command.environment);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, command.program.c_str(), &spawn.actions, &spawn.attributes,
                                     pointers(words).data(), pointers(environment).data());
    if (failed)
        return fail(errno_error("cannot start the worker " + command.program.string(), failed)
                        .advise("digits-worker must be in the folder of digits; build or install both"));
    prefer_to_kill(pid);
    return TaskProcess(pid, std::move(input.second), std::move(output.first));
}

void TaskProcess::send(std::string_view line) {
    unsent_.append(line);
    unsent_ += '\n';
}

void TaskProcess::flush() {
    while (!unsent_.empty() && input_) {
        const auto n = ::write(input_.get(), unsent_.data(), unsent_.size());
        if (n > 0) {
            unsent_.erase(0, static_cast<std::size_t>(n));
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (n < 0 && errno != EAGAIN) input_.reset();
            break;
        }
    }
    if (!input_) unsent_.clear();
}

bool TaskProcess::read_output(std::string& buffer, std::size_t limit) {
    std::array<char, 65536> chunk;
    for (std::size_t total = 0; output_ && total < limit;) {
        const auto n = ::read(output_.get(), chunk.data(), chunk.size());
        if (n > 0) {
            buffer.append(chunk.data(), static_cast<std::size_t>(n));
            total += static_cast<std::size_t>(n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return false;
        } else {
            output_.reset();
            return false;
        }
    }
    return static_cast<bool>(output_);
}

std::optional<ExitStatus> TaskProcess::reap() {
    siginfo_t info{};
    // The status is looked at first and collected after the kill: until then the pid cannot be given to a stranger.
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return ExitStatus{};
    if (info.si_pid == 0) return std::nullopt;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) return ExitStatus{};
    if (WIFSIGNALED(status)) return ExitStatus{std::nullopt, WTERMSIG(status)};
    return ExitStatus{WEXITSTATUS(status), std::nullopt};
}

void TaskProcess::signal_group(int signal) const { ::kill(-pid_, signal); }

}  // namespace digits
