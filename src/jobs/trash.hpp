#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_table.hpp"

namespace digits {

/// Removes jobs: at once, or by way of the trash, from which they can be brought back for a while. It keeps only
/// the time of the next look into the trash; the database lists the jobs that are in it.
///
/// Not thread-safe: the manager calls it with its lock held.
class Trash {
  public:
    using Clock = std::chrono::steady_clock;

    Trash(JobTable& table, JobStore& store, std::chrono::milliseconds grace)
        : table_(table), store_(store), grace_(grace) {}

    Status remove(std::string_view id);
    Status put(std::string_view id);
    /// Brings a job back, with what it needs of the trash, and with what went there together with it.
    Result<Job> restore(std::string_view id);
    Result<Job> get(std::string_view id) const;

    /// Erases what is in the trash and what `may_erase` allows, at once. Returns how many jobs that were.
    Result<std::size_t> erase_all(const std::function<bool(const Job&)>& may_erase);
    /// Erases what has been in the trash for its time.
    void empty(Clock::time_point now);
    Clock::time_point next_purge() const { return next_purge_; }

  private:
    Result<std::vector<std::string>> check_removable(std::string_view id);
    Status erase(std::string_view id);
    Status add_taken_along(const Job& job, std::vector<std::string>& ids);
    std::string names_of(const std::vector<std::string>& ids) const;

    JobTable& table_;
    JobStore& store_;
    const std::chrono::milliseconds grace_;
    Clock::time_point next_purge_;  ///< when the oldest job of the trash is due, or something may have come into it
};

}  // namespace digits
