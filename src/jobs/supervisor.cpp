#include "jobs/supervisor.hpp"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/log.hpp"
#include "jobs/crash.hpp"

namespace digits {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kReadLimit_bytes = 1 << 20;
constexpr auto kKillInterval = std::chrono::seconds(60);
const TaskCommand kAbort{"abort", SIGTERM};

/// Where to go on in an event log. A power failure may have taken lines that were folded; the worker then counts on
/// from what is left.
void settle_position(const fs::path& file, TaskPosition& position) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error && size >= position.offset) return;
    EventLogReader rest(file, 0);
    position.seq = 0;
    do {
        const auto events = rest.read(kReadLimit_bytes);
        if (!events) break;
        for (const auto& event : *events)
            if (event.contains("seq") && event["seq"].is_number_unsigned())
                position.seq = std::max(position.seq, event["seq"].get<std::uint64_t>());
    } while (rest.has_more());
    position.offset = rest.offset();
}

}  // namespace

struct Supervisor::Running {
    std::unique_ptr<LaunchedTask> task;
    EventLogReader reader;
    std::vector<TaskCommand> commands;  ///< to be told
    bool abort_wanted = false;
    std::optional<Clock::time_point> kill_at;  ///< set once the task was told to abort
};

Supervisor::Supervisor(Options options) : options_(std::move(options)) {}
Supervisor::~Supervisor() = default;

Status Supervisor::start(const Task& task, TaskPosition& position) {
    std::error_code error;
    fs::create_directories(task.dir, error);
    if (error) return fail(errno_error("cannot create " + task.dir.string(), error.value()));
    DIGITS_TRY(write_file_atomic(task.dir / "task.json",
                                 task.file.dump(2, ' ', false, json::error_handler_t::replace) + "\n"));
    DIGITS_TRY(end_torn_line(task.dir / "events.jsonl"));
    const auto log_size = fs::file_size(task.dir / "log.txt", error);
    position.log_start = error ? 0 : log_size;
    position.oom_kills = count_oom_kills(options_.memory_events);
    DIGITS_ASSIGN(auto started,
                  options_.launcher->start({{options_.worker_path.string(), "run", "--task-dir", task.dir.string()},
                                            task.environment,
                                            task.dir,
                                            position.placement}));
    follow(task.job_id, task.dir, *options_.launcher, std::move(started), position);
    return {};
}

void Supervisor::adopt(const std::string& job_id, const fs::path& dir, TaskPosition& position) {
    const auto* launcher = launchers().find(position.launcher);
    if (!launcher) launcher = options_.launcher;
    follow(job_id, dir, *launcher, launcher->adopt(dir, position.handle), position);
    log_info("job {} is followed again", job_id);
}

bool Supervisor::adopt_running(const std::string& job_id, const fs::path& dir, TaskPosition& position) {
    auto task = options_.launcher->find_running(dir);
    if (!task) return false;
    follow(job_id, dir, *options_.launcher, std::move(task), position);
    log_info("job {} was found running", job_id);
    return true;
}

void Supervisor::follow(const std::string& job_id, const fs::path& dir, const Launcher& launcher,
                        std::unique_ptr<LaunchedTask> task, TaskPosition& position) {
    position.launcher = launcher.name();
    position.handle = task->handle();
    settle_position(dir / "events.jsonl", position);
    running_.insert_or_assign(
        job_id, Running{std::move(task), EventLogReader(dir / "events.jsonl", position.offset), {}, false, {}});
}

void Supervisor::command(std::string_view job_id, const TaskCommand& command) {
    if (const auto found = running_.find(job_id); found != running_.end()) found->second.commands.push_back(command);
}

void Supervisor::abort(std::string_view job_id) {
    if (const auto found = running_.find(job_id); found != running_.end()) found->second.abort_wanted = true;
}

int Supervisor::pid(std::string_view job_id) const {
    const auto found = running_.find(job_id);
    return found == running_.end() ? 0 : found->second.task->pid();
}

void Supervisor::step(Clock::time_point now, TaskListener& listener) {
    for (auto entry = running_.begin(); entry != running_.end();) {
        auto& [job_id, running] = *entry;
        const auto end = running.task->check();
        if (!end) carry_out(running, now);
        // After the end all of it is read in one go, so that the job ends with everything that it told.
        while (read_events(job_id, running, listener) && end) {
        }
        if (!end) {
            ++entry;
            continue;
        }
        const auto id = job_id;
        const auto offset = running.reader.offset();
        entry = running_.erase(entry);
        listener.on_end(id, *end, offset);
    }
}

void Supervisor::carry_out(Running& running, Clock::time_point now) {
    for (const auto& command : std::exchange(running.commands, {})) running.task->tell(command);
    if (running.abort_wanted && !running.kill_at) {
        running.task->tell(kAbort);
        running.kill_at = now + options_.abort_grace;
    }
    if (running.kill_at && now >= *running.kill_at) {
        running.task->kill();
        running.kill_at = now + kKillInterval;
    }
}

/// Passes on what is new in the event log; true if there is more.
bool Supervisor::read_events(const std::string& job_id, Running& running, TaskListener& listener) {
    const auto events = running.reader.read(kReadLimit_bytes);
    if (!events) {
        log_warning("job {}: {}", job_id, events.error().to_string());
        return false;
    }
    listener.on_events(job_id, *running.task, *events, running.reader.offset());
    return running.reader.has_more();
}

std::optional<Supervisor::Clock::time_point> Supervisor::next_step(Clock::time_point now) const {
    std::optional<Clock::time_point> next;
    const auto consider = [&](Clock::time_point at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [id, running] : running_) {
        if (running.reader.has_more()) consider(now);
        if (const auto interval = running.task->check_interval()) consider(now + *interval);
        if (running.kill_at) consider(*running.kill_at);
    }
    return next;
}

void Supervisor::add_handles(std::vector<pollfd>& handles) const {
    for (const auto& [id, running] : running_) running.task->add_handles(handles);
}

JobError Supervisor::explain(const TaskEnd& end, const fs::path& dir, const TaskPosition& position) const {
    const auto log = dir / "log.txt";
    if (end.lost) return {*end.lost, read_tail(log, kLogTail_bytes, position.log_start)};
    const bool out_of_memory = count_oom_kills(options_.memory_events) > position.oom_kills;
    return explain_crash({end.exit, out_of_memory, log, position.log_start});
}

}  // namespace digits
