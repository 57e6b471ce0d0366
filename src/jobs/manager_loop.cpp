// The manager's thread: follows workers, starts those whose turn it is, writes and tells what has happened.

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/log.hpp"
#include "jobs/best_snapshot.hpp"
#include "jobs/crash.hpp"
#include "jobs/event_log.hpp"
#include "jobs/manager_impl.hpp"

namespace digits {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kFlushInterval = std::chrono::milliseconds(200);
/// Of workers that an earlier server started, and where the kernel cannot tell us when a process ends.
constexpr auto kLookInterval = std::chrono::milliseconds(200);
constexpr auto kLongSleep = std::chrono::seconds(60);
constexpr std::size_t kReadLimit_bytes = 1 << 20;
/// As CUDA_VISIBLE_DEVICES: none.
constexpr const char* kNoGpu = "-1";

int slots_of(const JobResources& resources, ResourcePool pool) {
    switch (pool) {
        case ResourcePool::kDataset: return resources.dataset_slots;
        case ResourcePool::kTrain: return resources.train_slots;
        case ResourcePool::kEvaluate: return resources.evaluation_slots;
        case ResourcePool::kImport: return resources.import_slots;
    }
    return 1;
}

}  // namespace

void JobManager::Impl::run() {
    // A worker that closed its input must not end the server.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
        Clock::time_point until;
        bool stop = false;
        {
            const std::scoped_lock lock(mutex_);
            step(Clock::now());
            stop = stopping_;
            until = next_step(Clock::now());
        }
        publish();
        if (stop) return;
        sleep(until);
    }
}

/// When something is to be done at the latest, if nothing happens before.
JobManager::Impl::Clock::time_point JobManager::Impl::next_step(Clock::time_point now) const {
    auto next = now + kLongSleep;
    for (const auto& [id, active] : active_) {
        if (active->dirty || active->changed) next = std::min(next, std::max(now, last_flush_ + kFlushInterval));
        if (active->job.state != JobState::kRun) continue;
        if (!active->process || active->process->exit_handle() < 0) next = std::min(next, now + kLookInterval);
        if (active->kill_at) next = std::min(next, *active->kill_at);
    }
    if (!batch_.empty()) next = std::min(next, last_flush_ + kFlushInterval);
    next = std::min(next, std::max(next_purge_, now));
    return next;
}

void JobManager::Impl::sleep(Clock::time_point until) {
    std::vector<pollfd> handles{{wake_handle_.get(), POLLIN, 0}};
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [id, active] : active_) {
            if (!active->process) continue;
            const auto& process = *active->process;
            for (const int handle : {process.output(), process.exit_handle()})
                if (handle >= 0) handles.push_back({handle, POLLIN, 0});
            if (process.blocked_input() >= 0) handles.push_back({process.blocked_input(), POLLOUT, 0});
        }
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    ::poll(handles.data(), handles.size(), static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000)));
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake_handle_.get(), &count, sizeof count);
}

void JobManager::Impl::step(Clock::time_point now) {
    for (auto& [id, active] : active_)
        if (active->job.state == JobState::kRun) step_running(*active, now);
    snapshot_wishes_.clear();
    if (!stopping_) {
        schedule();
        empty_trash(now);
    }
    bool urgent = stopping_, due = !batch_.empty();
    for (const auto& [id, active] : active_) {
        urgent = urgent || active->urgent;
        due = due || active->dirty || active->changed || is_final(active->job.state);
    }
    // What could not be written is tried again after a while; flush has told why.
    if (urgent || (due && now >= last_flush_ + kFlushInterval)) [[maybe_unused]]
        const auto written = flush();
}

void JobManager::Impl::publish() {
    std::vector<JobEvent> events;
    {
        const std::scoped_lock lock(mutex_);
        events.swap(unpublished_);
    }
    const std::scoped_lock lock(subscribers_mutex_);
    for (const auto& event : events)
        for (const auto& [subscription, callback] : subscribers_) callback(event);
}

// ----------------------------------------------------------------------------------------------------- running jobs

void JobManager::Impl::step_running(ActiveJob& active, Clock::time_point now) {
    if (active.process) {
        // Its events are read from disk, where they stand before they come down the pipe; this only empties the pipe.
        active.process->read_output(active.unread_output, kReadLimit_bytes);
        active.unread_output.clear();
    }
    const bool ended = has_ended(active);
    if (ended && active.process && is_worker_locked(task_dir(active))) {
        // Ours was refused: an earlier server started one and died before it could write that down.
        active.process.reset();
        active.exit.reset();
        active.kill_at.reset();
        adopt(active);
        return;
    }
    pursue_wishes(active, now);
    // After the end all of it is read in one go, so that the job ends with everything that it told.
    while (read_events(active) && ended) {
    }
    if (ended) finish(active);
}

void JobManager::Impl::open_events(ActiveJob& active) {
    const auto file = task_dir(active) / "events.jsonl";
    auto& position = active.position;
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error || size < position.offset) {
        // A power failure took lines that are in the database. The rest was folded, and the worker counts on from it.
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
    active.reader.emplace(file, position.offset);
}

/// Folds what is new in the event log; true if there is more.
bool JobManager::Impl::read_events(ActiveJob& active) {
    if (!active.reader) open_events(active);
    const auto events = active.reader->read(kReadLimit_bytes);
    if (!events) {
        log_warning("job {}: {}", active.job.id, events.error().to_string());
        return false;
    }
    for (const auto& event : *events) fold_event(active, event);
    if (active.end == ActiveJob::End::kNone) active.position.offset = active.reader->offset();
    if (active.reader->has_more()) wake();
    return active.reader->has_more();
}

void JobManager::Impl::fold_event(ActiveJob& active, const json& event) {
    if (const auto restart = find_metrics_restart(active, event)) {
        const auto is_void = [&](const MetricRow& row) {
            return row.job_id == active.job.id && row.point.iteration >= *restart;
        };
        std::erase_if(batch_.metrics, is_void);
        std::erase_if(active.metrics, is_void);
        std::vector<MetricRow> kept;
        if (const auto stored = store_->metrics(active.job.id, {}))
            for (const auto& series : *stored)
                for (const auto& point : series.points) kept.push_back({active.job.id, series.series, point});
        std::erase_if(kept, is_void);
        for (const auto* rows : {&batch_.metrics, &active.metrics})
            std::ranges::copy_if(*rows, std::back_inserter(kept),
                                 [&](const MetricRow& row) { return row.job_id == active.job.id; });
        restart_metrics(active, *restart, kept);
    }
    apply_event(active, event);
}

bool JobManager::Impl::has_ended(ActiveJob& active) {
    if (active.process) {
        active.exit = active.process->reap();
        return active.exit.has_value();
    }
    if (is_worker_locked(task_dir(active))) return false;
    // It may be so young that it has not taken its lock yet.
    if (active.job.pid > 0 && active.position.pid_start != 0 &&
        find_start_time(active.job.pid) == active.position.pid_start)
        return false;
    active.exit = ExitStatus{};
    return true;
}

/// Abort and snapshot: a command to our own child, a signal to an earlier server's.
void JobManager::Impl::pursue_wishes(ActiveJob& active, Clock::time_point now) {
    const bool alive = !active.exit && active.job.pid > 0;
    if (!alive) return;
    const auto tell = [&](const char* command, int signal) {
        if (active.process) {
            active.process->send(json{{"command", command}}.dump());
        } else {
            ::kill(active.job.pid, signal);
        }
    };
    if (snapshot_wishes_.contains(active.job.id)) tell("snapshot", SIGUSR1);
    if (active.job.abort_requested && !active.kill_at) {
        tell("abort", SIGTERM);
        active.kill_at = now + options_.abort_grace;
    }
    if (active.kill_at && now >= *active.kill_at) {
        ::kill(-active.job.pid, SIGKILL);
        active.kill_at = now + kLongSleep;
    }
    if (active.process) active.process->flush();
}

void JobManager::Impl::finish(ActiveJob& active) {
    const auto exit = active.exit.value_or(ExitStatus{});
    const bool wanted_end = active.job.abort_requested && active.end != ActiveJob::End::kDone;
    if (active.end == ActiveJob::End::kDone) {
        change_state(active, JobState::kDone, "");
    } else if (active.end == ActiveJob::End::kAborted || wanted_end) {
        change_state(active, JobState::kAbort, active.end == ActiveJob::End::kAborted ? "" : "it had to be killed");
    } else if (active.end == ActiveJob::End::kFailed) {
        active.job.error = JobError{active.end_error, ""};
        change_state(active, JobState::kError, active.end_error.message);
    } else {
        const bool out_of_memory =
            !memory_events_.empty() && count_oom_kills(memory_events_) > active.position.oom_kills;
        active.job.error =
            explain_crash({exit, out_of_memory, task_dir(active) / "log.txt", active.position.log_start});
        change_state(active, JobState::kError, active.job.error->error.message);
    }
    if (active.reader) active.position.offset = active.reader->offset();
    active.process.reset();
    active.reader.reset();
    active.exit.reset();
    active.kill_at.reset();
}

/// A running job of an earlier server. Whether its worker still lives is seen by its lock.
void JobManager::Impl::adopt(ActiveJob& active) {
    const auto dir = task_dir(active);
    if (is_worker_locked(dir)) {
        if (const auto pid = read_lock_pid(dir); pid > 0) active.job.pid = pid;
    }
    open_events(active);
    log_info("job {} is followed again", active.job.id);
}

// -------------------------------------------------------------------------------------------------------- waiting jobs

void JobManager::Impl::schedule() {
    std::vector<ActiveJob*> waiting;
    for (auto& [id, active] : active_)
        if (active->job.state == JobState::kWait) waiting.push_back(active.get());
    std::ranges::sort(waiting, [](const auto* a, const auto* b) {
        return std::tie(a->job.created, a->job.id) < std::tie(b->job.created, b->job.id);
    });
    for (auto* active : waiting) {
        if (!check_parents(*active) || !find_room(*active)) continue;
        if (is_worker_locked(task_dir(*active))) {
            // An earlier server started it and died before it could write that down.
            change_state(*active, JobState::kRun, "found running");
            adopt(*active);
            continue;
        }
        if (const auto started = start(*active); !started) {
            active->job.error = JobError{started.error(), ""};
            change_state(*active, JobState::kError, started.error().message);
        }
    }
}

/// False while a parent is not done, and when one failed: the job then fails, too.
bool JobManager::Impl::check_parents(ActiveJob& active) {
    if (active.parents_done) return true;
    for (const auto& id : active.job.parents) {
        if (needs_no_end(*active.kind, *active.job.spec, active.job.parents, id)) continue;
        const auto found = active_.find(id);
        auto stored = found == active_.end() ? store_->find(id) : Result<std::optional<StoredJob>>(std::nullopt);
        const Job* parent = found != active_.end() ? &found->second->job
                            : stored && *stored    ? &(*stored)->job
                                                   : nullptr;
        const auto noun = parent && find_task_kind(parent->kind) ? find_task_kind(parent->kind)->noun : "parent";
        if (!parent || parent->state == JobState::kAbort || parent->state == JobState::kError) {
            const auto why =
                parent ? fmt::format("its {} \"{}\" ended in state {}", noun, parent->name, enum_name(parent->state))
                       : fmt::format("its parent {} is gone", id);
            active.job.error = JobError{make_error(ErrorCode::kFailedPrecondition, "{}", why)
                                            .advise(fmt::format("Resume the {}, then this job", noun)),
                                        ""};
            change_state(active, JobState::kError, why);
            return false;
        }
        if (parent->state == JobState::kDone) continue;
        const auto reason = fmt::format("waits for its {} \"{}\"", noun, parent->name);
        if (active.job.wait_reason != reason) {
            active.job.wait_reason = reason;
            active.dirty = active.changed = true;
        }
        return false;
    }
    active.parents_done = true;
    return true;
}

/// Takes a free slot of the job's pool, and a GPU where trainings have one each.
bool JobManager::Impl::find_room(ActiveJob& active) {
    const auto pool = active.kind->pool;
    const auto& gpus = options_.resources.gpus;
    const bool may_use_gpu = active.kind->may_use_gpu && !gpus.empty();
    int running = 0;
    std::set<std::string> taken;
    for (const auto& [id, other] : active_) {
        if (other->job.state != JobState::kRun) continue;
        if (other->kind->pool == pool) ++running;
        taken.insert(other->position.gpu);
    }
    active.position.gpu.clear();
    const auto found = std::ranges::find_if(gpus, [&](const auto& gpu) { return !taken.contains(gpu); });
    std::string reason;
    if (may_use_gpu && pool == ResourcePool::kTrain) {
        if (found != gpus.end()) {
            active.position.gpu = *found;
            return true;
        }
        reason = "waits for a free GPU";
    } else {
        if (running < slots_of(options_.resources, pool)) {
            if (may_use_gpu) active.position.gpu = found == gpus.end() ? kNoGpu : *found;
            return true;
        }
        reason = fmt::format("waits for a running {} to end", active.kind->noun);
    }
    if (active.job.wait_reason != reason) {
        active.job.wait_reason = reason;
        active.dirty = active.changed = true;
    }
    return false;
}

/// What the worker gets: the spec with the parents' folders and the snapshot that it means.
Result<json> JobManager::Impl::complete_spec(const ActiveJob& active) {
    const auto& kind = *active.kind;
    const auto& parents = active.job.parents;
    json spec = *active.job.spec;
    const std::string_view members[]{kind.parent_dir_member, kind.second_parent_dir_member};
    for (std::size_t i = 0; i < std::min(parents.size(), std::size(members)); ++i)
        if (!members[i].empty()) spec[std::string(members[i])] = job_dir(parents[i]).string();
    if (kind.uses_snapshot && spec.value("weights", "").empty()) {
        DIGITS_ASSIGN(spec["weights"], find_weights(parents.front(), spec.value("snapshot", "best")));
    }
    return spec;
}

/// File name of the snapshot of an ended training that `wanted` means.
Result<std::string> JobManager::Impl::find_weights(const std::string& model_id, const std::string& wanted) {
    DIGITS_TRY(flush());  // its last points and snapshots may not be in the database yet
    DIGITS_ASSIGN(const auto model, store_->find(model_id));
    DIGITS_ASSIGN(const auto snapshots, store_->snapshots(model_id));
    if (!model || snapshots.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "{} ended without a snapshot", model_id));
    std::vector<std::int64_t> iterations;
    for (const auto& snapshot : snapshots) iterations.push_back(snapshot.iteration);
    std::size_t chosen = snapshots.size() - 1;
    if (wanted == "best") {
        const auto judge = judging_series(model->job);
        DIGITS_ASSIGN(const auto series, store_->metrics(model_id, {{judge}, 0, -1}));
        chosen = static_cast<std::size_t>(best_snapshot(iterations, judge, series));
    } else if (wanted != "last") {
        const auto found = std::ranges::find(iterations, wanted, [](auto n) { return std::to_string(n); });
        if (found == iterations.end())
            return fail(ErrorCode::kNotFound, "{} has no snapshot of iteration {}", model_id, wanted);
        chosen = static_cast<std::size_t>(found - iterations.begin());
    }
    return snapshots[chosen].weights;
}

Status JobManager::Impl::start(ActiveJob& active) {
    const auto dir = task_dir(active);
    std::error_code error;
    fs::create_directories(dir, error);
    if (error) return fail(errno_error("cannot make " + dir.string(), error.value()));
    DIGITS_ASSIGN(auto spec, complete_spec(active));
    const json task{{"format", 1},
                    {"kind", active.kind->worker_kind},
                    {"spec", std::move(spec)},
                    {"allow_python_layers", options_.allow_python_layers}};
    DIGITS_TRY(write_file_atomic(dir / "task.json", task.dump(2, ' ', false, json::error_handler_t::replace) + "\n"));
    DIGITS_TRY(end_torn_line(dir / "events.jsonl"));

    const auto log = dir / "log.txt";
    const auto log_size = fs::file_size(log, error);
    active.position.log_start = error ? 0 : log_size;
    active.position.oom_kills = memory_events_.empty() ? 0 : count_oom_kills(memory_events_);
    std::vector<std::string> environment;
    if (active.kind->may_use_gpu && !active.position.gpu.empty())
        environment.push_back("CUDA_VISIBLE_DEVICES=" + active.position.gpu);
    open_events(active);
    DIGITS_ASSIGN(auto process,
                  TaskProcess::start({options_.worker_path, {"run", "--task-dir", dir.string()}, environment, log}));
    active.position.pid_start = process.start_time();
    active.end = ActiveJob::End::kNone;
    active.exit.reset();
    active.kill_at.reset();
    active.job.progress.reset();
    change_state(active, JobState::kRun, "");
    active.job.pid = process.pid();
    active.process.emplace(std::move(process));
    return {};
}

}  // namespace digits
