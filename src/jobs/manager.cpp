#include "jobs/manager.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/file.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "jobs/crash.hpp"
#include "jobs/manager_impl.hpp"
#include "jobs/read_back.hpp"

namespace digits {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxName_bytes = 200;

Error no_job(std::string_view id) { return make_error(ErrorCode::kNotFound, "there is no job {}", id); }

Result<FileHandle> lock_data_dir(const fs::path& data_dir) {
    std::error_code error;
    fs::create_directories(data_dir / "jobs", error);
    if (error)
        return fail(errno_error("cannot make the data folder " + data_dir.string(), error.value())
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

/// Brings the files of a request into the job's folder and lets its spec name them there.
Status take_files(JobRequest& request, const fs::path& dir, const fs::path& data_dir) {
    if (request.files.empty()) return {};
    json spec = *request.spec;
    std::error_code error;
    fs::create_directory(dir / "uploads", error);
    for (const auto& file : request.files) {
        const auto copy = dir / "uploads" / file.name;
        if (!error) link_or_copy(file.path, copy, data_dir, error);
        if (error)
            return fail(errno_error("cannot copy " + file.path.string() + " into " + dir.string(), error.value()));
        spec[json::json_pointer(file.member)] = copy.string();
    }
    request.spec = std::make_shared<const json>(std::move(spec));
    return {};
}

Status check_name(const std::string& name) {
    if (name.empty() || name.size() > kMaxName_bytes)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "a name has 1 to {} bytes, got {}", kMaxName_bytes, name.size())
                .at("/name"));
    return {};
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------- life

JobManager::Impl::Impl(JobManagerOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<JobManager::Impl>> JobManager::Impl::create(JobManagerOptions options) {
    std::error_code error;
    options.data_dir = fs::absolute(options.data_dir, error).lexically_normal();
    auto impl = std::unique_ptr<Impl>(new Impl(std::move(options)));
    DIGITS_TRY(impl->open());
    impl->thread_ = std::thread([raw = impl.get()] { raw->run(); });
    return impl;
}

Status JobManager::Impl::open() {
    DIGITS_ASSIGN(lock_file_, lock_data_dir(options_.data_dir));
    wake_handle_ = FileHandle(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_handle_) return fail(errno_error("cannot make an event handle", errno));
    memory_events_ =
        options_.memory_events.empty() ? find_memory_events().value_or(fs::path()) : options_.memory_events;
    DIGITS_ASSIGN(store_, JobStore::open(options_.data_dir / "digits.db", options_.kept_events));
    DIGITS_TRY(read_back_jobs(options_.data_dir / "jobs", *store_));
    DIGITS_ASSIGN(last_event_id_, store_->last_event_id());
    WarmPool::Options warm;
    warm.worker_path = options_.worker_path;
    warm.workers = options_.warm_workers;
    warm.grace = options_.abort_grace;
    warm.allow_python_layers = options_.allow_python_layers;
    DIGITS_ASSIGN(warm_pool_, WarmPool::create(std::move(warm)));
    return take_up_jobs();
}

/// The jobs of an earlier manager: waiting ones wait on, running ones are followed from where it stopped reading.
Status JobManager::Impl::take_up_jobs() {
    DIGITS_ASSIGN(auto unfinished, store_->unfinished());
    for (auto& stored : unfinished) {
        auto active = std::make_unique<ActiveJob>();
        active->job = std::move(stored.job);
        active->position = std::move(stored.position);
        active->kind = find_task_kind(active->job.kind);
        if (!active->kind) {
            log_warning("job {} is of the unknown kind {} and is left alone", active->job.id, active->job.kind);
            continue;
        }
        if (active->job.state == JobState::kInit) change_state(*active, JobState::kWait, "");
        if (active->job.state == JobState::kRun) adopt(*active);
        active_.emplace(active->job.id, std::move(active));
    }
    return {};
}

JobManager::Impl::~Impl() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    if (thread_.joinable()) {
        wake();
        thread_.join();
    }
}

void JobManager::Impl::wake() const {
    const std::uint64_t one = 1;
    // It can only fail when a wake-up is due already.
    [[maybe_unused]] const auto written = ::write(wake_handle_.get(), &one, sizeof one);
}

fs::path JobManager::Impl::task_dir(const ActiveJob& active) const {
    return job_dir(active.job.id) / "tasks" / active.kind->worker_kind;
}

// ------------------------------------------------------------------------------------------- memory and database

/// The job in memory, brought there from the database if it has ended already.
Result<ActiveJob*> JobManager::Impl::load(std::string_view id) {
    DIGITS_ASSIGN(auto* active, load_any(id));
    if (active->job.trashed == 0) return active;
    forget_if_ended(id);
    return fail(no_job(id));
}

/// As `load`, but also one that is in the trash.
Result<ActiveJob*> JobManager::Impl::load_any(std::string_view id) {
    if (const auto found = active_.find(id); found != active_.end()) return found->second.get();
    DIGITS_ASSIGN(auto stored, store_->find(id));
    if (!stored) return fail(no_job(id));
    auto active = std::make_unique<ActiveJob>();
    active->job = std::move(stored->job);
    active->position = std::move(stored->position);
    active->kind = find_task_kind(active->job.kind);
    auto* raw = active.get();
    active_.emplace(std::string(id), std::move(active));
    return raw;
}

void JobManager::Impl::forget_if_ended(std::string_view id) {
    const auto found = active_.find(id);
    if (found != active_.end() && is_final(found->second->job.state) && !found->second->dirty) active_.erase(found);
}

void JobManager::Impl::add_event(const std::string& job_id, const char* type, JsonPtr data) {
    batch_.events.push_back({++last_event_id_, unix_time(), job_id, type, std::move(data)});
}

/// Moves what has changed of a job into the batch, with the events that tell it.
void JobManager::Impl::collect_changes(ActiveJob& active) {
    const auto& id = active.job.id;
    if (active.changed) add_event(id, "changed", std::make_shared<const json>(job_to_json(active.job)));
    if (active.progress_due && active.job.progress)
        add_event(id, "progress", std::make_shared<const json>(job_to_json(active.job)["progress"]));
    if (!active.metrics.empty() || active.metrics_restart) {
        json points = json::array();
        for (const auto& row : active.metrics)
            points.push_back({{"series", row.series},
                              {"iteration", row.point.iteration},
                              {"epoch", row.point.epoch},
                              {"value", row.point.value}});
        json data{{"points", std::move(points)}};
        if (active.metrics_restart) data["restart"] = *active.metrics_restart;
        add_event(id, "metrics", std::make_shared<const json>(std::move(data)));
    }
    for (const auto& row : active.snapshots)
        add_event(id, "snapshot",
                  std::make_shared<const json>(json{{"iteration", row.snapshot.iteration},
                                                    {"epoch", row.snapshot.epoch},
                                                    {"weights", row.snapshot.weights},
                                                    {"state", row.snapshot.state}}));
    for (const auto& log : active.logs)
        add_event(id, "log", std::make_shared<const json>(json{{"level", log.level}, {"text", log.text}}));
    batch_.jobs.push_back({active.job, active.position});
    if (active.metrics_restart) batch_.drops.push_back({id, *active.metrics_restart});
    std::ranges::move(active.metrics, std::back_inserter(batch_.metrics));
    std::ranges::move(active.snapshots, std::back_inserter(batch_.snapshots));
    if (active.urgent) {
        const auto written =
            write_file_atomic(job_dir(id) / "job.json",
                              job_to_json(active.job).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
        if (!written) log_warning("job {}: {}", id, written.error().to_string());
    }
    active.metrics.clear();
    active.snapshots.clear();
    active.logs.clear();
    active.metrics_restart.reset();
    active.dirty = active.changed = active.urgent = active.progress_due = false;
}

/// Writes every change in one transaction. What cannot be written stays for the next time.
Status JobManager::Impl::flush() {
    std::vector<std::string> ended;
    for (auto& [id, active] : active_) {
        if (active->dirty || active->changed) collect_changes(*active);
        if (is_final(active->job.state)) ended.push_back(id);
    }
    last_flush_ = Clock::now();
    if (const auto status = store_->write(batch_); !status) {
        log_error("{}", status.error().to_string());
        return status;
    }
    std::ranges::move(batch_.events, std::back_inserter(unpublished_));
    batch_ = {};
    for (const auto& id : ended) forget_if_ended(id);
    if (!unpublished_.empty()) wake();
    return {};
}

Status JobManager::Impl::flush_now() {
    const std::scoped_lock lock(mutex_);
    return flush();
}

// -------------------------------------------------------------------------------------------------------- requests

Result<Job> JobManager::Impl::submit(JobRequest request) {
    const auto* kind = find_task_kind(request.kind);
    if (!kind)
        return fail(make_error(ErrorCode::kInvalidArgument, "unknown kind of job \"{}\"", request.kind).at("/kind"));
    DIGITS_TRY(check_name(request.name));
    if (!request.spec || !request.spec->is_object())
        return fail(make_error(ErrorCode::kInvalidArgument, "expected an object").at("/spec"));

    const std::scoped_lock lock(mutex_);
    for (const auto& parent : request.parents) {
        DIGITS_ASSIGN(const auto* found, load(parent));
        const bool failed = !needs_no_end(*kind, *request.spec, request.parents, parent) &&
                            (found->job.state == JobState::kAbort || found->job.state == JobState::kError);
        const auto name = found->job.name;
        forget_if_ended(parent);
        if (failed)
            return fail(make_error(ErrorCode::kFailedPrecondition,
                                   "{} \"{}\" did not end well, so nothing can be made from it", parent, name)
                            .advise("Resume it, or choose another"));
    }
    auto active = std::make_unique<ActiveJob>();
    auto& job = active->job;
    std::error_code error;
    do job.id = new_job_id();
    while (!fs::create_directory(job_dir(job.id), error) && !error);
    if (error) return fail(errno_error("cannot make " + job_dir(job.id).string(), error.value()));
    if (const auto taken = take_files(request, job_dir(job.id), options_.data_dir); !taken) {
        fs::remove_all(job_dir(job.id), error);
        return fail(taken.error());
    }
    job.kind = std::move(request.kind);
    job.name = std::move(request.name);
    job.group = std::move(request.group);
    job.notes = std::move(request.notes);
    job.owner = std::move(request.owner);
    job.spec = std::move(request.spec);
    job.parents = std::move(request.parents);
    job.created = unix_time();
    job.history.push_back({JobState::kInit, job.created, ""});
    active->kind = kind;
    change_state(*active, JobState::kWait, "");
    active->changed = false;
    add_event(job.id, "created", std::make_shared<const json>(job_to_json(job)));
    const auto id = job.id;
    active_.emplace(id, std::move(active));
    if (request.key) batch_.keys.push_back({std::move(*request.key), id, unix_time()});
    if (auto status = flush(); !status) {
        active_.erase(id);
        std::erase_if(batch_.keys, [&](const auto& kept) { return kept.job_id == id; });
        std::erase_if(batch_.jobs, [&](const auto& stored) { return stored.job.id == id; });
        std::erase_if(batch_.events, [&](const auto& event) { return event.job_id == id; });
        fs::remove_all(job_dir(id), error);
        return fail(status.error());
    }
    wake();
    return active_.at(id)->job;
}

Result<Job> JobManager::Impl::get(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    if (const auto found = active_.find(id); found != active_.end() && found->second->job.trashed == 0)
        return found->second->job;
    DIGITS_ASSIGN(auto stored, store_->find(id));
    if (!stored || stored->job.trashed > 0) return fail(no_job(id));
    return std::move(stored->job);
}

Result<JobPage> JobManager::Impl::list(const JobQuery& query) {
    DIGITS_ASSIGN(auto page, store_->list(query));
    const std::scoped_lock lock(mutex_);
    for (auto& job : page.jobs)
        if (const auto found = active_.find(job.id); found != active_.end()) job = found->second->job;
    return page;
}

Result<JobRows> JobManager::Impl::list_rows(const JobQuery& query) {
    DIGITS_ASSIGN(auto page, store_->list_rows(query, options_.print_row));
    const std::scoped_lock lock(mutex_);
    for (auto& row : page.rows)
        if (const auto found = active_.find(row.id); found != active_.end())
            row.text = std::make_shared<const std::string>(options_.print_row(found->second->job));
    return page;
}

Result<Job> JobManager::Impl::edit(std::string_view id, const JobEdit& edit) {
    if (edit.name) DIGITS_TRY(check_name(*edit.name));
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, load(id));
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
    DIGITS_ASSIGN(auto* active, load(id));
    if (is_final(active->job.state)) {
        const auto state = active->job.state;
        forget_if_ended(id);
        return fail(ErrorCode::kFailedPrecondition, "{} has ended already (state {})", id, enum_name(state));
    }
    if (active->job.state == JobState::kRun) {
        active->job.abort_requested = true;
        active->dirty = active->changed = active->urgent = true;
    } else {
        change_state(*active, JobState::kAbort, "aborted while it waited");
    }
    Job job = active->job;
    DIGITS_TRY(flush());
    wake();
    return job;
}

Result<Job> JobManager::Impl::resume(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, load(id));
    if (active->job.state != JobState::kAbort && active->job.state != JobState::kError) {
        const auto state = active->job.state;
        forget_if_ended(id);
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "{} is in state {}; only a job in abort or error can be resumed", id, enum_name(state)));
    }
    return start_again(*active, "resumed");
}

Result<Job> JobManager::Impl::extend(std::string_view id, JsonPtr spec, std::string reason) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* active, load(id));
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
    wake();
    return job;
}

/// `"LeNet" (20261123-101500-3fa9), …`: enough of them to know what is meant.
std::string JobManager::Impl::names_of(const std::vector<std::string>& ids) const {
    constexpr std::size_t kNamed = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(ids.size(), kNamed); ++i) {
        const auto found = store_->find(ids[i]);
        const auto name = found && *found ? (*found)->job.name : std::string();
        text += fmt::format("{}\"{}\" ({})", i == 0 ? "" : ", ", name, ids[i]);
    }
    if (ids.size() > kNamed) text += fmt::format(" and {} more", ids.size() - kNamed);
    return text;
}

Status JobManager::Impl::snapshot_now(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(const auto* active, load(id));
    const bool running =
        active->job.state == JobState::kRun && active->kind && active->kind->pool == ResourcePool::kTrain;
    forget_if_ended(id);
    if (!running) return fail(ErrorCode::kFailedPrecondition, "{} is no running training", id);
    snapshot_wishes_.insert(std::string(id));
    wake();
    return {};
}

TrainingRoom JobManager::Impl::training_room() const {
    const auto& resources = options_.resources;
    TrainingRoom room{resources.gpus.empty() ? resources.train_slots : static_cast<int>(resources.gpus.size()), 0};
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, active] : active_)
        if (active->job.state == JobState::kRun && active->kind && active->kind->pool == ResourcePool::kTrain)
            ++room.taken;
    return room;
}

int JobManager::Impl::subscribe(EventCallback callback) {
    const std::scoped_lock lock(subscribers_mutex_);
    subscribers_.emplace(next_subscription_, std::move(callback));
    return next_subscription_++;
}

void JobManager::Impl::unsubscribe(int subscription) {
    const std::scoped_lock lock(subscribers_mutex_);
    subscribers_.erase(subscription);
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
Status JobManager::snapshot_now(std::string_view id) { return impl_->snapshot_now(id); }

Result<std::vector<MetricSeries>> JobManager::metrics(std::string_view id, const MetricsQuery& query) const {
    DIGITS_TRY(impl_->get(id));
    DIGITS_TRY(impl_->flush_now());
    return impl_->store().metrics(id, query);
}

Result<std::vector<SnapshotInfo>> JobManager::snapshots(std::string_view id) const {
    DIGITS_TRY(impl_->get(id));
    return impl_->store().snapshots(id);
}

Result<std::string> JobManager::log_tail(std::string_view id, std::size_t max_bytes) const {
    DIGITS_ASSIGN(const auto job, impl_->get(id));
    const auto* kind = find_task_kind(job.kind);
    if (!kind) return std::string();
    return read_tail(impl_->job_dir(id) / "tasks" / kind->worker_kind / "log.txt", max_bytes);
}

fs::path JobManager::job_dir(std::string_view id) const { return impl_->job_dir(id); }
int JobManager::subscribe(EventCallback callback) { return impl_->subscribe(std::move(callback)); }
void JobManager::unsubscribe(int subscription) { impl_->unsubscribe(subscription); }
Result<JobReplay> JobManager::replay(std::int64_t since_id) const { return impl_->store().replay(since_id); }
std::int64_t JobManager::last_event_id() const { return impl_->store().last_event_id().value_or(0); }
TrainingRoom JobManager::training_room() const { return impl_->training_room(); }
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
