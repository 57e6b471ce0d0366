#include "jobs/manager.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "jobs/crash.hpp"
#include "jobs/job_name.hpp"
#include "jobs/manager_impl.hpp"
#include "jobs/read_back.hpp"

namespace digits {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxName_bytes = 200;

Result<FileHandle> lock_data_dir(const fs::path& data_dir) {
    std::error_code error;
    fs::create_directories(data_dir / "jobs", error);
    if (error)
        return fail(errno_error("cannot create the data folder " + data_dir.string(), error.value())
                        .advise("Choose another with --data-dir, or give yourself the right to write there"));
    const auto path = data_dir / "manager.lock";
    FileHandle handle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!handle) return fail(errno_error("cannot open " + path.string(), errno));
    if (::flock(handle.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "another server works on the data folder {}", data_dir.string())
                .advise("Stop it first: digits stop --data-dir " + data_dir.string()));
    return handle;
}

/// Files of the data folder are replaced, never changed, so one link more is as good as a copy.
void link_or_copy(const fs::path& file, const fs::path& copy, const fs::path& data_dir, std::error_code& error) {
    const bool ours = file.lexically_normal().string().starts_with(data_dir.string() + "/");
    if (ours) fs::create_hard_link(file, copy, error);
    if (!ours || error) fs::copy_file(file, copy, error);
}

/// A file that nobody but its owner reads, from its first byte on.
Status write_private_file(const fs::path& path, std::string_view bytes) {
    DIGITS_ASSIGN(auto file, AtomicFile::create(path));
    std::error_code error;
    fs::permissions(file.temporary_path(), fs::perms::owner_read | fs::perms::owner_write, error);
    if (error) return fail(errno_error("cannot protect " + path.string(), error.value()));
    DIGITS_TRY(file.write(bytes));
    return file.commit();
}

/// Brings the files of a request into the job's folder and lets its spec name them there.
Status take_files(JobRequest& request, const fs::path& dir, const fs::path& data_dir) {
    if (request.files.empty()) return {};
    json spec = *request.spec;
    std::error_code error;
    fs::create_directory(dir / "uploads", error);
    for (const auto& file : request.files) {
        const auto copy = dir / "uploads" / file.name;
        if (!file.content.empty()) {
            DIGITS_TRY(write_private_file(copy, file.content));
            continue;
        }
        if (!error) link_or_copy(file.path, copy, data_dir, error);
        if (error)
            return fail(errno_error("cannot copy " + file.path.string() + " into " + dir.string(), error.value()));
        if (!file.member.empty()) spec[json::json_pointer(file.member)] = copy.string();
    }
    request.spec = std::make_shared<const json>(std::move(spec));
    return {};
}

}  // namespace

Status check_job_name(const std::string& name) {
    if (name.empty()) return fail(make_error(ErrorCode::kInvalidArgument, "Enter a name").at("/name"));
    if (name.size() > kMaxName_bytes)
        return fail(make_error(ErrorCode::kInvalidArgument, "The name must have at most {} bytes, got {}",
                               kMaxName_bytes, name.size())
                        .at("/name"));
    return {};
}

// ---------------------------------------------------------------------------------------------------------- life

JobManager::Impl::Impl(JobManagerOptions options) : options_(std::move(options)), kinds_(options_.kinds) {}

Result<std::unique_ptr<JobManager::Impl>> JobManager::Impl::create(JobManagerOptions options) {
    std::error_code error;
    options.data_dir = fs::absolute(options.data_dir, error).lexically_normal();
    auto impl = std::unique_ptr<Impl>(new Impl(std::move(options)));
    DIGITS_TRY(impl->open());
    impl->thread_ = std::thread([raw = impl.get()] { raw->run(); });
    return impl;
}

Status JobManager::Impl::open() {
    const auto* launcher = launchers().find(options_.launcher);
    if (!launcher)
        return fail(ErrorCode::kInvalidArgument, "there is no launcher \"{}\"; choose one of {}", options_.launcher,
                    launchers().names());
    DIGITS_ASSIGN(lock_file_, lock_data_dir(options_.data_dir));
    DIGITS_ASSIGN(wake_up_, WakeUp::create());
    const auto jobs_dir = options_.data_dir / "jobs";
    DIGITS_ASSIGN(store_, JobStore::open(options_.data_dir / "digits.db", options_.kept_events));
    DIGITS_TRY(read_back_jobs(jobs_dir, *store_, kinds_));
    DIGITS_ASSIGN(const auto last_event_id, store_->last_event_id());
    table_ = std::make_unique<JobTable>(*store_, kinds_, jobs_dir, last_event_id);
    scheduler_ = std::make_unique<Scheduler>(options_.resources);
    auto memory_events = options_.memory_events;
    if (memory_events.empty()) memory_events = find_memory_events().value_or(fs::path());
    supervisor_ = std::make_unique<Supervisor>(
        Supervisor::Options{options_.worker_path, launcher, options_.abort_grace, memory_events});
    trash_ = std::make_unique<Trash>(*table_, *store_, options_.trash_grace);
    WarmPool::Options warm;
    warm.worker_path = options_.worker_path;
    warm.workers = options_.warm_workers;
    warm.grace = options_.abort_grace;
    warm.memory_events = std::move(memory_events);
    DIGITS_ASSIGN(warm_pool_, WarmPool::create(std::move(warm)));
    return take_up_jobs();
}

/// The jobs of an earlier manager: waiting ones wait on, running ones are followed from where it stopped reading.
Status JobManager::Impl::take_up_jobs() {
    DIGITS_ASSIGN(auto unfinished, store_->unfinished());
    for (auto& stored : unfinished) {
        if (!kinds_.find(stored.job.kind)) {
            log_warning("job {} is of the unknown kind {} and is left alone", stored.job.id, stored.job.kind);
            continue;
        }
        auto& active = table_->add(std::move(stored));
        if (active.job.state == JobState::kInit) change_state(active, JobState::kWait, "");
        if (active.job.state != JobState::kRun) continue;
        const auto& id = active.job.id;
        supervisor_->adopt(id, task_dir(active), active.position);
        scheduler_->hold(id, *active.kind, active.position.placement);
        if (const auto pid = supervisor_->pid(id); pid > 0) active.job.pid = pid;
        if (active.job.abort_requested) supervisor_->abort(id);
    }
    return {};
}

JobManager::Impl::~Impl() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    if (thread_.joinable()) {
        wake_up_->ring();
        thread_.join();
    }
}

fs::path JobManager::Impl::task_dir(const ActiveJob& active) const {
    return job_dir(active.job.id) / "tasks" / active.kind->worker_kind;
}

/// Writes what a request changed; the thread then tells it, and does what follows from it.
Status JobManager::Impl::flush() {
    DIGITS_TRY(table_->flush());
    wake_up_->ring();
    return {};
}

Status JobManager::Impl::flush_now() {
    const std::scoped_lock lock(mutex_);
    DIGITS_TRY(table_->flush());
    if (table_->has_events()) wake_up_->ring();
    return {};
}

// -------------------------------------------------------------------------------------------------------- requests

/// Each job that has not ended costs memory, and the scheduler looks at all of them.
Status JobManager::Impl::check_room(const std::string& owner) const {
    const auto unfinished = std::ranges::count_if(table_->jobs(), [&](const auto& entry) {
        return entry.second->job.owner == owner && !is_final(entry.second->job.state);
    });
    if (static_cast<std::size_t>(unfinished) < options_.most_unfinished) return {};
    return fail(make_error(ErrorCode::kResourceExhausted,
                           "{} jobs of this user wait or run, which is the most that may", unfinished)
                    .advise("Wait until some have ended, or abort some"));
}

Result<Job> JobManager::Impl::submit(JobRequest request) {
    const auto* kind = kinds_.find(request.kind);
    if (!kind)
        return fail(make_error(ErrorCode::kInvalidArgument, "unknown kind of job \"{}\"", request.kind).at("/kind"));
    DIGITS_TRY(check_job_name(request.name));
    if (!request.spec || !request.spec->is_object())
        return fail(make_error(ErrorCode::kInvalidArgument, "expected an object").at("/spec"));

    const std::scoped_lock lock(mutex_);
    DIGITS_TRY(check_room(request.owner));
    Job job;
    job.kind = std::move(request.kind);
    job.name = std::move(request.name);
    job.group = std::move(request.group);
    job.notes = std::move(request.notes);
    job.owner = std::move(request.owner);
    job.spec = request.spec;
    job.parents = std::move(request.parents);
    for (const auto& id : job.parents) {
        DIGITS_ASSIGN(const auto parent, table_->get(id));
        const bool failed = parent.state == JobState::kAbort || parent.state == JobState::kError;
        if (failed && kind->must_wait_for(job, id, reader()))
            return fail(make_error(ErrorCode::kFailedPrecondition,
                                   "{} \"{}\" did not end well, so nothing can be made from it", id, parent.name)
                            .advise("Resume it, or choose another"));
    }
    std::error_code error;
    do job.id = new_job_id();
    while (!fs::create_directory(job_dir(job.id), error) && !error);
    if (error) return fail(errno_error("cannot create " + job_dir(job.id).string(), error.value()));
    if (const auto taken = take_files(request, job_dir(job.id), options_.data_dir); !taken) {
        fs::remove_all(job_dir(job.id), error);
        return fail(taken.error());
    }
    job.spec = std::move(request.spec);
    job.created = unix_time();
    job.history.push_back({JobState::kInit, job.created, ""});
    const auto id = job.id;
    auto& active = table_->add({std::move(job), {}});
    change_state(active, JobState::kWait, "");
    active.changed = false;
    table_->add_event(id, "created", std::make_shared<const json>(job_to_json(active.job)));
    if (request.key) table_->add_key(std::move(*request.key), id);
    if (auto status = flush(); !status) {
        table_->discard(id);
        fs::remove_all(job_dir(id), error);
        return fail(status.error());
    }
    return active.job;
}

Result<Job> JobManager::Impl::get(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    return table_->get(id);
}

Result<JobPage> JobManager::Impl::list(const JobQuery& query) {
    DIGITS_ASSIGN(auto page, store_->list(query));
    const std::scoped_lock lock(mutex_);
    for (auto& job : page.jobs)
        if (const auto* active = table_->find(job.id)) job = active->job;
    return page;
}

Result<JobRows> JobManager::Impl::list_rows(const JobQuery& query) {
    DIGITS_ASSIGN(auto page, store_->list_rows(query, options_.print_row));
    const std::scoped_lock lock(mutex_);
    for (auto& row : page.rows)
        if (const auto* active = table_->find(row.id))
            row.text = std::make_shared<const std::string>(options_.print_row(active->job));
    return page;
}

Result<Job> JobManager::Impl::edit(std::string_view id, const JobEdit& edit) {
    if (edit.name) DIGITS_TRY(check_job_name(*edit.name));
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, table_->load(id));
    if (edit.name) active->job.name = *edit.name;
    if (edit.group) active->job.group = *edit.group;
    if (edit.notes) active->job.notes = *edit.notes;
    active->dirty = active->changed = active->urgent = true;
    Job job = active->job;
    DIGITS_TRY(flush());
    return job;
}

Result<Job> JobManager::Impl::abort(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, table_->load(id));
    if (is_final(active->job.state)) {
        const auto state = active->job.state;
        table_->forget_if_ended(id);
        return fail(ErrorCode::kFailedPrecondition, "{} has ended already (state {})", id, enum_name(state));
    }
    if (active->job.state == JobState::kRun) {
        active->job.abort_requested = true;
        supervisor_->abort(id);
        active->dirty = active->changed = active->urgent = true;
    } else {
        change_state(*active, JobState::kAbort, "aborted in the queue");
    }
    Job job = active->job;
    DIGITS_TRY(flush());
    return job;
}

Result<Job> JobManager::Impl::resume(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, table_->load(id));
    if (active->job.state != JobState::kAbort && active->job.state != JobState::kError) {
        const auto state = active->job.state;
        table_->forget_if_ended(id);
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "{} is in state {}; only a job in abort or error can be resumed", id, enum_name(state)));
    }
    return start_again(*active, "resumed");
}

Result<Job> JobManager::Impl::extend(std::string_view id, JsonPtr spec, std::string reason) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, table_->load(id));
    if (!is_final(active->job.state))
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; only a job that has ended can be extended", id,
                    enum_name(active->job.state));
    active->job.spec = std::move(spec);
    return start_again(*active, std::move(reason));
}

Result<Job> JobManager::Impl::start_again(ActiveJob& active, std::string reason) {
    if (!active.kind)
        return fail(ErrorCode::kUnsupported, "{} is of the unknown kind {}", active.job.id, active.job.kind);
    active.job.error.reset();
    active.job.abort_requested = false;
    active.job.finished = 0;
    active.parents_done = false;
    change_state(active, JobState::kWait, std::move(reason));
    Job job = active.job;
    DIGITS_TRY(flush());
    return job;
}

Status JobManager::Impl::remove(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_TRY(trash_->remove(id));
    warm_pool_->close_owner(id);
    wake_up_->ring();
    return {};
}

Status JobManager::Impl::trash(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_TRY(trash_->put(id));
    warm_pool_->close_owner(id);
    wake_up_->ring();
    return {};
}

Result<Job> JobManager::Impl::restore(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto job, trash_->restore(id));
    wake_up_->ring();
    return job;
}

Result<Job> JobManager::Impl::get_trashed(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    return trash_->get(id);
}

Result<std::size_t> JobManager::Impl::empty_trash(const std::function<bool(const Job&)>& may_erase) {
    const std::scoped_lock lock(mutex_);
    return trash_->erase_all(may_erase);
}

Status JobManager::Impl::command(std::string_view id, std::string_view command) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(const auto job, table_->get(id));
    const auto* kind = kinds_.find(job.kind);
    const auto* known = kind ? kind->find_command(command) : nullptr;
    if (!known)
        return fail(ErrorCode::kFailedPrecondition, "a job of the kind {} has no command \"{}\"", job.kind, command);
    if (job.state != JobState::kRun)
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; only a running {} can be told \"{}\"", id,
                    enum_name(job.state), kind->noun, command);
    supervisor_->command(id, *known);
    wake_up_->ring();
    return {};
}

Slots JobManager::Impl::slots(std::string_view kind) const {
    const auto* known = kinds_.find(kind);
    if (!known) return {};
    const std::scoped_lock lock(mutex_);
    return scheduler_->slots(*known);
}

// ------------------------------------------------------------------------------------------------- public interface

JobManager::JobManager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JobManager::~JobManager() = default;

Result<std::unique_ptr<JobManager>> JobManager::create(JobManagerOptions options) {
    DIGITS_ASSIGN(auto impl, Impl::create(std::move(options)));
    return std::unique_ptr<JobManager>(new JobManager(std::move(impl)));
}

Result<Job> JobManager::submit(JobRequest request) { return impl_->submit(std::move(request)); }
Result<std::optional<MadeJob>> JobManager::find_made(std::string_view user, std::string_view key) const {
    return impl_->store().find_made(user, key, unix_time() - kKeptKeys_s);
}
Result<Job> JobManager::get(std::string_view id) const { return impl_->get(id); }
Result<JobPage> JobManager::list(const JobQuery& query) const { return impl_->list(query); }
Result<JobRows> JobManager::list_rows(const JobQuery& query) const { return impl_->list_rows(query); }
Result<Job> JobManager::edit(std::string_view id, const JobEdit& edit) { return impl_->edit(id, edit); }
Result<std::vector<std::string>> JobManager::dependents(std::string_view id) const {
    DIGITS_TRY(impl_->get(id));
    return impl_->store().dependents(id);
}
Result<Job> JobManager::abort(std::string_view id) { return impl_->abort(id); }
Result<Job> JobManager::resume(std::string_view id) { return impl_->resume(id); }
Result<Job> JobManager::extend(std::string_view id, JsonPtr spec, std::string reason) {
    return impl_->extend(id, std::move(spec), std::move(reason));
}
Status JobManager::remove(std::string_view id) { return impl_->remove(id); }
Status JobManager::trash(std::string_view id) { return impl_->trash(id); }
Result<Job> JobManager::restore(std::string_view id) { return impl_->restore(id); }
Result<Job> JobManager::get_trashed(std::string_view id) const { return impl_->get_trashed(id); }
Result<std::size_t> JobManager::empty_trash(const std::function<bool(const Job&)>& may_erase) {
    return impl_->empty_trash(may_erase);
}
Status JobManager::command(std::string_view id, std::string_view command) { return impl_->command(id, command); }

Result<std::vector<MetricSeries>> JobManager::metrics(std::string_view id, const MetricsQuery& query) const {
    DIGITS_TRY(impl_->get(id));
    DIGITS_TRY(impl_->flush_now());
    return impl_->store().metrics(id, query);
}

Result<std::string> JobManager::log_tail(std::string_view id, std::size_t max_bytes) const {
    DIGITS_ASSIGN(const auto job, impl_->get(id));
    const auto* kind = kinds().find(job.kind);
    if (!kind) return std::string();
    return read_tail(impl_->job_dir(id) / "tasks" / kind->worker_kind / "log.txt", max_bytes);
}

fs::path JobManager::job_dir(std::string_view id) const { return impl_->job_dir(id); }
int JobManager::subscribe(EventCallback callback) { return impl_->bus().subscribe(std::move(callback)); }
void JobManager::unsubscribe(int subscription) { impl_->bus().unsubscribe(subscription); }
Result<JobReplay> JobManager::replay(std::int64_t since_id) const { return impl_->store().replay(since_id); }
std::int64_t JobManager::last_event_id() const { return impl_->store().last_event_id().value_or(0); }
Slots JobManager::slots(std::string_view kind) const { return impl_->slots(kind); }
const JobKinds& JobManager::kinds() const { return impl_->kinds(); }
const JobManagerOptions& JobManager::options() const { return impl_->options(); }

WarmPool::RequestId JobManager::ask(WarmRequest request, AnswerCallback callback) {
    return impl_->warm_pool().ask(std::move(request), std::move(callback));
}

Result<JsonPtr> JobManager::ask(WarmRequest request) {
    auto answered = std::make_shared<std::promise<Result<JsonPtr>>>();
    auto answer = answered->get_future();
    ask(std::move(request), [answered](Result<JsonPtr> result) { answered->set_value(std::move(result)); });
    return answer.get();
}

void JobManager::cancel_request(WarmPool::RequestId id) { impl_->warm_pool().cancel(id); }

}  // namespace digits
