#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "jobs/job.hpp"
#include "jobs/job_kind.hpp"
#include "jobs/scheduler.hpp"
#include "jobs/warm_pool.hpp"

namespace digits {

struct JobManagerOptions {
    std::filesystem::path data_dir;
    std::filesystem::path worker_path;
    std::string launcher = "local";  ///< a name of launchers()
    std::vector<JobKind> kinds;
    JobResources resources;
    std::chrono::milliseconds abort_grace = std::chrono::seconds(10);
    std::map<std::string, int> warm_workers = {};  ///< how many of a kind may be kept; 1 where it is not named
    std::chrono::milliseconds trash_grace = std::chrono::minutes(10);
    std::int64_t kept_events = 20000;
    std::size_t most_unfinished = 1000;  ///< jobs of one owner that wait or run
    /// How a list shows a job, of which spec and history are not given. Kept as long as the job does not change.
    std::function<std::string(const Job&)> print_row = {};
    /// The file in which the kernel counts what it killed (crash.hpp); empty: found automatically.
    std::filesystem::path memory_events;
};

/// A file that comes with a request for a job.
struct JobFile {
    std::string member;          ///< of the spec, a JSON pointer: it will name the copy; empty: nothing names it
    std::filesystem::path path;  ///< copied into the job's folder; linked, if it is in the data folder
    std::string name;            ///< of the copy, in `uploads/`
    std::string content = {};    ///< instead of a file that is there: a secret, readable by its owner alone
};

/// By which a client knows one of its requests (`Idempotency-Key`). It is written together with the job, so that there
/// is never one without the other.
struct RequestKey {
    std::string user;
    std::string key;
    std::string fingerprint;  ///< of what was asked for
};

struct MadeJob {
    std::string job_id;
    std::string fingerprint;
};

struct JobRequest {
    std::string kind;  ///< a name of JobManagerOptions::kinds
    std::string name;
    std::string group;
    std::string notes;
    std::string owner;
    JsonPtr spec;
    std::vector<std::string> parents;  ///< ids; the job waits for them, unless its kind says otherwise
    std::vector<JobFile> files;
    std::optional<RequestKey> key;
};

/// Members that are null stay as they are.
struct JobEdit {
    std::optional<std::string> name;
    std::optional<std::string> group;
    std::optional<std::string> notes;
};

enum class JobSort { kCreated, kName, kState, kFinished };
template <>
struct EnumNames<JobSort> {
    static constexpr std::array<std::pair<JobSort, std::string_view>, 4> kNames{{
        {JobSort::kCreated, "created"},
        {JobSort::kName, "name"},
        {JobSort::kState, "state"},
        {JobSort::kFinished, "finished"},
    }};
};

struct JobQuery {
    std::string kind;              ///< empty: all
    std::vector<JobState> states;  ///< empty: all
    std::string text;              ///< part of the name, group or id, any case
    std::optional<std::string> group;
    std::optional<std::string> owner;
    std::string mentions;  ///< a text that the spec holds, such as another job's id; empty: any
    JobSort sort = JobSort::kCreated;
    bool descending = true;
    bool brief = false;  ///< without spec and history
    int limit = 50;
    std::string cursor;  ///< `next_cursor` of the page before, asked for with the same sort
};

struct JobPage {
    std::vector<Job> jobs;
    std::string next_cursor;  ///< empty: the last page
    std::int64_t total = 0;   ///< over all pages
};

/// A page of a list as `JobManagerOptions::print_row` prints it.
struct JobRows {
    struct Row {
        std::string id;
        std::shared_ptr<const std::string> text;
    };
    std::vector<Row> rows;
    std::string next_cursor;
    std::int64_t total = 0;
};

struct MetricsQuery {
    std::vector<std::string> series;    ///< empty: all
    std::size_t max_points = 0;         ///< a series; thinned so that the curve keeps its shape. 0: all
    std::int64_t since_iteration = -1;  ///< only points after it
};

/// Something that happened to a job. `id` increases over all jobs, also over restarts.
///
/// | type | data |
/// |---|---|
/// | `created` | the job as `job_to_json` has it |
/// | `changed` | the job: name, group, notes, state, wait reason, pid, result or network changed |
/// | `progress` | `step`, `unit`, `done`, `elapsed_s` and where known `total`, `rate`, `eta_s` |
/// | `metrics` | `points`: list of `{"series", "iteration", "epoch", "value"}`, gathered over about 200 ms; `restart`:
/// iteration from which on earlier points are void (after a resume) |
/// | `log` | `level`, `text` |
/// | `removed` | `{}` |
/// | a name of JobKind::relayed_events | what the kind makes of its worker's event |
struct JobEvent {
    std::int64_t id = 0;
    double time = 0;
    std::string job_id;
    std::string type;
    JsonPtr data;
};

struct JobReplay {
    std::vector<JobEvent> events;
    bool complete = true;  ///< false: events right after `since_id` are no longer kept, so read everything again
};

/// Everything about jobs: what there is, what runs, what happened. Runs each job as a task of `worker_path`
/// (docs/formats/worker-protocol.md) and goes on where an earlier manager on the same folder stopped, however it
/// stopped. A façade: the work is done by JobStore, JobTable, Scheduler, Supervisor, Trash and WarmPool. All members
/// are thread-safe; event callbacks come on the manager's own thread, must be quick and must not throw. One manager a
/// data folder: a second fails with kFailedPrecondition.
class JobManager {
  public:
    using EventCallback = std::function<void(const JobEvent&)>;
    using AnswerCallback = WarmPool::Callback;

    static Result<std::unique_ptr<JobManager>> create(JobManagerOptions options);
    /// Workers of running jobs go on; warm workers are ended.
    ~JobManager();
    JobManager(const JobManager&) = delete;
    JobManager& operator=(const JobManager&) = delete;

    Result<Job> submit(JobRequest request);
    /// What a request with this key made in the last day.
    Result<std::optional<MadeJob>> find_made(std::string_view user, std::string_view key) const;
    Result<Job> get(std::string_view id) const;
    Result<JobPage> list(const JobQuery& query) const;
    Result<JobRows> list_rows(const JobQuery& query) const;
    Result<Job> edit(std::string_view id, const JobEdit& edit);
    /// Ids of the jobs that have `id` as a parent.
    Result<std::vector<std::string>> dependents(std::string_view id) const;

    /// Returns at once; the state follows when the worker has ended. kFailedPrecondition on a finished job.
    Result<Job> abort(std::string_view id);
    /// Starts a job in abort or error again where it stopped.
    Result<Job> resume(std::string_view id);
    /// Starts a job that has ended again in its folder with another spec, which asks for more. `reason`: for the
    /// history. kFailedPrecondition while it waits or runs.
    Result<Job> extend(std::string_view id, JsonPtr spec, std::string reason);
    /// Removes the job with its folder; not while it runs or waits or another job needs it. Jobs of kinds that go with
    /// their parent are removed together with it.
    Status remove(std::string_view id);
    /// The same, but for `trash_grace` it can be brought back. Until then only `restore` and `get_trashed` know it.
    Status trash(std::string_view id);
    /// Brings a job back, what it needs of the trash, and what went there with it. kNotFound if it is not there any
    /// more.
    Result<Job> restore(std::string_view id);
    Result<Job> get_trashed(std::string_view id) const;
    /// Erases the jobs of the trash that `may_erase` allows, at once. Returns how many those were.
    Result<std::size_t> empty_trash(const std::function<bool(const Job&)>& may_erase);
    /// Passes on a command that the job's kind knows. kFailedPrecondition if it does not, or the job does not run.
    Status command(std::string_view id, std::string_view command);

    Result<std::vector<MetricSeries>> metrics(std::string_view id, const MetricsQuery& query = {}) const;
    /// The end of the worker's log, whole lines.
    Result<std::string> log_tail(std::string_view id, std::size_t max_bytes = 64 << 10) const;

    /// The job's folder; the files in it are the job's products. The job need not exist.
    std::filesystem::path job_dir(std::string_view id) const;

    /// Events from now on. To miss none: subscribe, then `replay`, and skip ids that came twice.
    int subscribe(EventCallback callback);
    /// After it returned the callback runs no more; not to be called from a callback.
    void unsubscribe(int subscription);
    Result<JobReplay> replay(std::int64_t since_id) const;
    /// 0: none yet.
    std::int64_t last_event_id() const;

    /// How many jobs of a kind may run, and do.
    Slots slots(std::string_view kind) const;
    const JobKinds& kinds() const;

    /// Asks a warm worker, which is started if there is none. The callback gets the answer, exactly once and on a
    /// thread of the warm pool: it must be quick. An input that crashes the worker fails only this request.
    WarmPool::RequestId ask(WarmRequest request, AnswerCallback callback);
    /// The same, and waits for the answer.
    Result<JsonPtr> ask(WarmRequest request);
    /// The request, unless it has been answered, is answered with kCancelled at once, and its worker stops.
    void cancel_request(WarmPool::RequestId id);

    const JobManagerOptions& options() const;

  private:
    class Impl;
    explicit JobManager(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace digits
