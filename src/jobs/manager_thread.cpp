// The manager's thread: follows tasks, starts those whose turn it is, writes and tells what has happened.

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "jobs/manager_impl.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr auto kLongSleep = std::chrono::seconds(60);

/// As CUDA_VISIBLE_DEVICES has it; "-1": none.
std::string visible_devices(const std::vector<std::string>& devices) {
    std::string text;
    for (const auto& device : devices) text += (text.empty() ? "" : ",") + device;
    return text.empty() ? "-1" : text;
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
    // What was written just now may be what a job waits for.
    if (table_->has_events()) return now;
    auto next = std::min(now + kLongSleep, std::max(trash_->next_purge(), now));
    if (const auto due = table_->next_flush()) next = std::min(next, std::max(now, *due));
    if (const auto due = supervisor_->next_step(now)) next = std::min(next, *due);
    return next;
}

void JobManager::Impl::sleep(Clock::time_point until) {
    std::vector<pollfd> handles{{wake_up_->handle(), POLLIN, 0}};
    {
        const std::scoped_lock lock(mutex_);
        supervisor_->add_handles(handles);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    ::poll(handles.data(), handles.size(), static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000)));
    wake_up_->clear();
}

void JobManager::Impl::step(Clock::time_point now) {
    supervisor_->step(now, *this);
    if (!stopping_) {
        start_waiting();
        trash_->empty(now);
    }
    table_->flush_if_due(now, stopping_);
}

void JobManager::Impl::publish() {
    std::vector<JobEvent> events;
    {
        const std::scoped_lock lock(mutex_);
        events = table_->take_events();
    }
    bus_.publish(events);
}

// ----------------------------------------------------------------------------------------------------- running jobs

void JobManager::Impl::on_events(const std::string& job_id, const LaunchedTask& task, const std::vector<json>& events,
                                 std::uint64_t offset) {
    auto* active = table_->find(job_id);
    if (!active) return;
    table_->fold(*active, events, offset);
    if (auto handle = task.handle(); handle != active->position.handle) {
        active->position.handle = std::move(handle);
        active->job.pid = task.pid();
        active->dirty = true;
    }
}

void JobManager::Impl::on_end(const std::string& job_id, const TaskEnd& end, std::uint64_t offset) {
    scheduler_->release(job_id);
    auto* found = table_->find(job_id);
    if (!found) return;
    auto& active = *found;
    const bool wanted_end = active.job.abort_requested && active.end != ActiveJob::End::kDone;
    if (active.end == ActiveJob::End::kDone) {
        change_state(active, JobState::kDone, "");
    } else if (active.end == ActiveJob::End::kAborted) {
        change_state(active, JobState::kAbort, "");
    } else if (wanted_end) {
        change_state(active, JobState::kAbort, "the worker did not stop in time and was killed");
    } else if (active.end == ActiveJob::End::kFailed) {
        active.job.error = JobError{active.end_error, ""};
        change_state(active, JobState::kError, active.end_error.message);
    } else {
        active.job.error = supervisor_->explain(end, task_dir(active), active.position);
        change_state(active, JobState::kError, active.job.error->error.message);
    }
    active.position.offset = offset;
    active.position.handle.clear();
}

// ------------------------------------------------------------------------------------------------------ waiting jobs

void JobManager::Impl::start_waiting() {
    std::vector<const Job*> waiting;
    for (const auto& [id, active] : table_->jobs())
        if (active->job.state == JobState::kWait && active->kind) waiting.push_back(&active->job);
    sort_queue(waiting);
    for (const auto* job : waiting) {
        auto& active = *table_->find(job->id);
        if (!check_parents(active)) continue;
        const auto wanted = active.kind->wanted_device ? active.kind->wanted_device(*job) : std::string();
        auto decision = scheduler_->place(job->id, *active.kind, wanted);
        if (!decision.placement) {
            set_wait_reason(active, decision.wait_reason);
            continue;
        }
        active.position.placement = std::move(*decision.placement);
        if (supervisor_->adopt_running(job->id, task_dir(active), active.position)) {
            // An earlier server started it and died before it could write that down.
            set_running(active, "found running");
        } else if (const auto started = start(active); !started) {
            scheduler_->release(job->id);
            active.job.error = JobError{started.error(), ""};
            change_state(active, JobState::kError, started.error().message);
        }
    }
}

void JobManager::Impl::set_wait_reason(ActiveJob& active, const std::string& reason) {
    if (active.job.wait_reason == reason) return;
    active.job.wait_reason = reason;
    active.dirty = active.changed = true;
}

/// False while a parent is not done, and when one failed: the job then fails, too.
bool JobManager::Impl::check_parents(ActiveJob& active) {
    if (active.parents_done) return true;
    const auto jobs = reader();
    for (const auto& id : active.job.parents) {
        if (!active.kind->must_wait_for(active.job, id, jobs)) continue;
        const auto parent = table_->get(id);
        const auto* kind = parent ? kinds_.find(parent->kind) : nullptr;
        const auto noun = kind ? kind->noun : std::string("job");
        if (!parent || parent->state == JobState::kAbort || parent->state == JobState::kError) {
            const auto why = !parent ? fmt::format("the job {}, which it needs, was deleted", id)
                                     : fmt::format("the {} \"{}\", which it needs, {}", noun, parent->name,
                                                   parent->state == JobState::kAbort ? "was aborted" : "failed");
            active.job.error = JobError{make_error(ErrorCode::kFailedPrecondition, "{}", why)
                                            .advise(fmt::format("Resume the {}, then this job", noun)),
                                        ""};
            change_state(active, JobState::kError, why);
            return false;
        }
        if (parent->state == JobState::kDone) continue;
        set_wait_reason(active, fmt::format("waiting for the {} \"{}\"", noun, parent->name));
        return false;
    }
    active.parents_done = true;
    return true;
}

/// What the worker gets.
Result<Supervisor::Task> JobManager::Impl::make_task(const ActiveJob& active) {
    const auto& kind = *active.kind;
    Grant grant;
    if (kind.make_grant) {
        // What parents told last may not be in the database yet. If it cannot be written, flush has told why.
        [[maybe_unused]] const auto written = table_->flush();
        DIGITS_ASSIGN(grant, kind.make_grant(active.job, reader()));
    }
    grant.placement = active.position.placement;
    Supervisor::Task task;
    task.job_id = active.job.id;
    task.dir = task_dir(active);
    task.file = {{"format", 2}, {"kind", kind.worker_kind}, {"spec", *active.job.spec}, {"grant", to_json(grant)}};
    if (kind.devices != DeviceUse::kNone && !scheduler_->resources().devices.empty())
        task.environment.push_back("CUDA_VISIBLE_DEVICES=" + visible_devices(grant.placement.devices));
    return task;
}

Status JobManager::Impl::start(ActiveJob& active) {
    DIGITS_ASSIGN(const auto task, make_task(active));
    DIGITS_TRY(supervisor_->start(task, active.position));
    active.job.progress.reset();
    active.job.warnings.clear();
    set_running(active, "");
    return {};
}

void JobManager::Impl::set_running(ActiveJob& active, std::string reason) {
    active.end = ActiveJob::End::kNone;
    change_state(active, JobState::kRun, std::move(reason));
    active.job.pid = supervisor_->pid(active.job.id);
}

}  // namespace digits
