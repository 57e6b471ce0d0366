#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/active_job.hpp"
#include "jobs/job_kind.hpp"
#include "jobs/store.hpp"

namespace digits {

/// The jobs in memory: those that have not ended, and those that are being changed; with what of them is not yet in the
/// database. Folds the events of workers, and makes the events that subscribers get.
///
/// Not thread-safe: the manager calls it with its lock held.
class JobTable {
  public:
    using Clock = std::chrono::steady_clock;
    using Jobs = std::map<std::string, std::unique_ptr<ActiveJob>, std::less<>>;

    /// `last_event_id`: of the database.
    JobTable(JobStore& store, const JobKinds& kinds, std::filesystem::path jobs_dir, std::int64_t last_event_id);

    /// In the order of their ids.
    const Jobs& jobs() const { return jobs_; }
    /// Null if it is not in memory.
    ActiveJob* find(std::string_view id) const;
    /// The job in memory, brought there from the database if need be. kNotFound.
    Result<ActiveJob*> load(std::string_view id);
    /// As `load`, but also one that is in the trash.
    Result<ActiveJob*> load_any(std::string_view id);
    /// A copy, wherever the job is; not of one in the trash.
    Result<Job> get(std::string_view id) const;
    void forget_if_ended(std::string_view id);

    /// A job of the database or a new one.
    ActiveJob& add(StoredJob stored);
    /// Forgets the job with all that is not written of it.
    void discard(std::string_view id);

    /// Folds events of the job's worker, of which the last ends at `offset` of its log.
    void fold(ActiveJob& active, const std::vector<nlohmann::json>& events, std::uint64_t offset);

    void add_event(const std::string& job_id, std::string type, JsonPtr data);
    void add_key(RequestKey key, const std::string& job_id);
    /// Writes every change in one transaction, and job.json of what is urgent. What cannot be written stays for the
    /// next time.
    Status flush();
    /// Flushes what is due.
    void flush_if_due(Clock::time_point now, bool everything);
    /// When to call `flush_if_due`; none: nothing has changed.
    std::optional<Clock::time_point> next_flush() const;
    /// Events that were written since the last call.
    std::vector<JobEvent> take_events();
    bool has_events() const { return !unpublished_.empty(); }

    std::filesystem::path job_dir(std::string_view id) const { return jobs_dir_ / id; }

  private:
    void fold_one(ActiveJob& active, const nlohmann::json& event);
    void collect_changes(ActiveJob& active);

    JobStore& store_;
    const JobKinds& kinds_;
    const std::filesystem::path jobs_dir_;
    Jobs jobs_;
    WriteBatch batch_;  ///< not yet in the database
    std::vector<JobEvent> unpublished_;
    std::int64_t last_event_id_ = 0;
    Clock::time_point last_flush_;
};

Error no_such_job(std::string_view id);

}  // namespace digits
