#include "task_host.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "base/log.hpp"

namespace digits {
namespace {

constexpr auto kLockPatience = std::chrono::milliseconds(500);

std::atomic<bool> g_abort{false};
std::atomic<int> g_snapshots{0};

void install_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { g_abort = true; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    action.sa_handler = [](int) { ++g_snapshots; };
    sigaction(SIGUSR1, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
    // Sent by the kernel to a worker that is paused (SIGSTOP) when its server dies.
    signal(SIGHUP, SIG_IGN);
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = write(fd, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Field 22 of /proc/self/stat: clock ticks since boot, tells two processes with one pid apart.
std::int64_t start_time() {
    std::ifstream file("/proc/self/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::string word;
    for (int i = 3; i <= 22; ++i) fields >> word;
    return std::strtoll(word.c_str(), nullptr, 10);
}

}  // namespace

Result<std::unique_ptr<TaskHost>> TaskHost::open(const std::filesystem::path& task_dir) {
    std::error_code error;
    const auto dir = std::filesystem::canonical(task_dir, error);
    if (error) return fail(errno_error("cannot open " + task_dir.string(), error.value()));
    auto host = std::unique_ptr<TaskHost>(new TaskHost);
    host->job_dir_ = dir.parent_path().parent_path();
    DIGITS_TRY(host->take_lock(dir / "worker.lock"));
    DIGITS_TRY(host->open_events(dir / "events.jsonl"));
    host->keep_standard_output();
    install_signals();
    // Blocked in read() until the process ends; it must not keep the process alive.
    std::thread([raw = host.get()] { raw->read_commands(); }).detach();
    return host;
}

TaskHost::~TaskHost() {
    if (events_fd_ >= 0) ::close(events_fd_);
}

Status TaskHost::take_lock(const std::filesystem::path& path) {
    lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_fd_ < 0) return fail(errno_error("cannot open " + path.string(), errno));
    // A server that looks whether the lock is held has it for a moment.
    bool locked = false;
    for (const auto end = std::chrono::steady_clock::now() + kLockPatience; !locked;) {
        locked = flock(lock_fd_, LOCK_EX | LOCK_NB) == 0;
        if (locked || std::chrono::steady_clock::now() > end) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!locked)
        return fail(make_error(ErrorCode::kFailedPrecondition, "another worker runs this task").at(path.string()));
    const auto text = nlohmann::json{{"pid", getpid()}, {"start_time", start_time()}}.dump() + "\n";
    if (ftruncate(lock_fd_, 0) != 0 || !write_all(lock_fd_, text))
        return fail(errno_error("cannot write " + path.string(), errno));
    return {};
}

Status TaskHost::open_events(const std::filesystem::path& path) {
    events_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (events_fd_ < 0) return fail(errno_error("cannot open " + path.string(), errno));
    std::ifstream file(path);
    std::string line;
    off_t whole = 0;
    while (std::getline(file, line)) {
        if (file.eof()) break;  // without its end: torn by a crash
        whole += static_cast<off_t>(line.size()) + 1;
        const auto event = nlohmann::json::parse(line, nullptr, false);
        if (!event.is_object()) continue;
        last_seq_ = std::max(last_seq_, event.value("seq", std::int64_t{0}));
        if (event.value("event", "") == "started") attempt_ = event.value("attempt", attempt_) + 1;
    }
    if (ftruncate(events_fd_, whole) != 0) return fail(errno_error("cannot write " + path.string(), errno));
    return {};
}

/// Events alone go to standard output: what libraries, users' layers and programs that they start print there goes to
/// the log.
void TaskHost::keep_standard_output() {
    stdout_fd_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    stdout_open_ = stdout_fd_ >= 0;
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

void TaskHost::emit(const nlohmann::json& event) {
    nlohmann::json line = event;
    const std::lock_guard lock(events_mutex_);
    line["seq"] = ++last_seq_;
    line["time"] = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    // Texts from files may hold bytes that are not UTF-8; they must not stop the event.
    const auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    // Answers are for the one who asked, who is gone when the task is looked at again.
    const bool passing = event.value("event", "") == "response";
    if (!passing && !write_all(events_fd_, text)) log_error("cannot write events.jsonl: {}", strerror(errno));
    if (stdout_open_ && !write_all(stdout_fd_, text)) stdout_open_ = false;
    log_.write(line);
}

bool TaskHost::abort_requested() const { return g_abort || request_cancelled_; }
bool TaskHost::task_aborted() const { return g_abort; }

bool TaskHost::take_snapshot_request() {
    int waiting = g_snapshots;
    while (waiting > 0)
        if (g_snapshots.compare_exchange_weak(waiting, waiting - 1)) return true;
    return false;
}

void TaskHost::read_commands() {
    std::string pending;
    char buffer[16 << 10];
    for (;;) {
        const auto size = read(STDIN_FILENO, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
        pending.append(buffer, static_cast<std::size_t>(size));
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
            handle_command(pending.substr(begin, end - begin));
            begin = end + 1;
        }
        pending.erase(0, begin);
    }
    const std::lock_guard lock(requests_mutex_);
    no_more_requests_ = true;
    requests_changed_.notify_all();
}

void TaskHost::handle_command(const std::string& line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto text = [&](const char* name) -> std::string {
        return json.is_object() && json.contains(name) && json[name].is_string() ? json[name] : "";
    };
    const auto command = text("command"), id = text("id");
    if (command == "snapshot") {
        ++g_snapshots;
        return;
    }
    const std::lock_guard lock(requests_mutex_);
    if (command == "abort") {
        g_abort = true;
    } else if (command == "request") {
        requests_.push_back({id, json.value("request", nlohmann::json::object())});
    } else if (command == "cancel") {
        if (id == current_request_) request_cancelled_ = true;
        for (auto& waiting : requests_) waiting.cancelled = waiting.cancelled || waiting.id == id;
    } else if (command == "quit") {
        no_more_requests_ = true;
    } else {
        log_warning("unknown command: {}", line.substr(0, 200));
    }
    requests_changed_.notify_all();
}

std::optional<TaskHost::Request> TaskHost::next_request(std::chrono::milliseconds idle) {
    const auto deadline = std::chrono::steady_clock::now() + idle;
    std::unique_lock lock(requests_mutex_);
    current_request_.clear();
    request_cancelled_ = false;
    // A signal cannot notify, so look at it a few times a second.
    while (requests_.empty() && !no_more_requests_ && !g_abort && std::chrono::steady_clock::now() < deadline)
        requests_changed_.wait_until(
            lock, std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(200)));
    if (requests_.empty() || g_abort) return std::nullopt;
    auto request = std::move(requests_.front());
    requests_.pop_front();
    current_request_ = request.id;
    request_cancelled_ = request.cancelled;
    return request;
}

}  // namespace digits
