#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/grant.hpp"
#include "base/result.hpp"
#include "jobs/job.hpp"
#include "jobs/manager.hpp"

namespace digits {

/// How far the manager has read a task's event log, and what it must know of the task after a restart.
struct TaskPosition {
    std::uint64_t offset = 0;     ///< bytes of events.jsonl that are folded in
    std::uint64_t seq = 0;        ///< of the last event in them
    bool fresh_attempt = false;   ///< the newest attempt has not told a metric yet, so older points may become void
    std::int64_t oom_kills = 0;   ///< of the kernel's memory.events when the worker was started
    std::uint64_t log_start = 0;  ///< where the attempt begins in log.txt
    std::string launcher;         ///< that started the task; empty: not started yet
    std::string handle;           ///< by which the launcher finds the running task again; empty: it does not run
    Placement placement;
};

struct StoredJob {
    Job job;
    TaskPosition position;
};

struct TrashedJob {
    std::string id;
    double time = 0;  ///< when it was put there
};

struct MetricRow {
    std::string job_id;
    std::string series;
    MetricPoint point;
};

/// The job's points from `iteration` on are void.
struct MetricDrop {
    std::string job_id;
    std::int64_t iteration = 0;
};

inline constexpr double kKeptKeys_s = 24 * 3600;

/// The request that asked for a job.
struct KeyRow {
    RequestKey key;
    std::string job_id;
    double time = 0;
};

/// Changes that go into the database in one transaction, so that an event's effects and the position behind it are
/// there both or neither.
struct WriteBatch {
    std::vector<StoredJob> jobs;     ///< inserted or updated; `parents` only count on insertion
    std::vector<MetricDrop> drops;   ///< done before `metrics` are written
    std::vector<MetricRow> metrics;  ///< a point replaces an earlier one of the same series and iteration
    std::vector<JobEvent> events;
    std::vector<KeyRow> keys;

    bool empty() const { return jobs.empty() && drops.empty() && metrics.empty() && events.empty() && keys.empty(); }
};

/// The jobs' tables in an SQLite database (WAL): one connection writes, another reads meanwhile. Thread-safe.
class JobStore {
  public:
    /// `kept_events`: how many of the newest events stay.
    static Result<std::unique_ptr<JobStore>> open(const std::filesystem::path& file, std::int64_t kept_events);
    ~JobStore();

    Status write(const WriteBatch& batch);
    Status erase(std::string_view id);

    Result<std::optional<StoredJob>> find(std::string_view id) const;
    /// What a request of that key made since `since`.
    Result<std::optional<MadeJob>> find_made(std::string_view user, std::string_view key, double since) const;
    /// Jobs that have not ended, oldest first.
    Result<std::vector<StoredJob>> unfinished() const;
    Result<std::vector<std::string>> ids() const;
    /// Without the trash.
    Result<JobPage> list(const JobQuery& query) const;
    /// The same, printed. A text is kept until the job is written again, so `print` must always be the same.
    Result<JobRows> list_rows(const JobQuery& query, const std::function<std::string(const Job&)>& print) const;
    /// Oldest first.
    Result<std::vector<TrashedJob>> trash() const;
    /// Without those in the trash.
    Result<std::vector<std::string>> dependents(std::string_view id) const;
    Result<std::vector<MetricSeries>> metrics(std::string_view id, const MetricsQuery& query) const;
    Result<JobReplay> replay(std::int64_t since_id) const;
    Result<std::int64_t> last_event_id() const;

  private:
    struct Connections;
    explicit JobStore(std::unique_ptr<Connections> connections);
    std::unique_ptr<Connections> connections_;
};

}  // namespace digits
