#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grant.hpp"
#include "base/result.hpp"
#include "jobs/job.hpp"

namespace digits {

class JobStore;
struct MetricsQuery;

/// What the functions of a kind may look at: jobs as the database has them.
class JobReader {
  public:
    JobReader(const JobStore& store, std::filesystem::path jobs_dir) : store_(store), jobs_dir_(std::move(jobs_dir)) {}

    /// The job's folder; the job need not exist.
    std::filesystem::path job_dir(std::string_view id) const { return jobs_dir_ / id; }
    /// kNotFound if there is no such job.
    Result<Job> get(std::string_view id) const;
    Result<std::vector<MetricSeries>> metrics(std::string_view id, const MetricsQuery& query) const;

  private:
    const JobStore& store_;
    std::filesystem::path jobs_dir_;
};

/// How a kind of job uses the devices that the server shares out.
enum class DeviceUse {
    kNone,
    kOwn,   ///< one of its own: waits for it, instead of for a slot of its pool
    kIdle,  ///< one that is idle when it starts, else the CPU
};

/// Something that a running task can be asked to do, besides to abort.
struct TaskCommand {
    std::string name;
    int signal = 0;  ///< says the same to a worker of which there is no pipe
};

/// An event of a kind's workers that subscribers get too, in an event of the same name. It is written at once.
struct RelayedEvent {
    std::string name;
    /// What subscribers get of it. May throw nlohmann::json::exception: the event is left out, and the server's log
    /// says so.
    std::function<nlohmann::json(const nlohmann::json& event)> data;
};

/// How jobs of a kind are run: data that the creator of the JobManager passes in. docs/jobs.md lists the steps to add
/// one.
struct JobKind {
    std::string name;         ///< as `Job::kind`
    std::string worker_kind;  ///< `kind` in task.json; also the name of the task's folder
    std::string noun;         ///< for messages: "the dataset failed"
    std::string pool;         ///< of JobResources::slots; kinds may share one
    DeviceUse devices = DeviceUse::kNone;
    bool goes_with_parent = false;  ///< is removed together with its first parent
    std::vector<TaskCommand> commands = {};
    std::vector<RelayedEvent> relayed_events = {};  ///< names that the manager does not know itself

    /// Whether the job can start only when this parent is done. Empty: always. Called with the manager's lock held.
    std::function<bool(const Job& job, std::string_view parent, const JobReader& jobs)> needs_parent_done = {};
    /// What the worker gets beside the spec; the manager adds the placement. Empty: nothing. Called at each start with
    /// the manager's lock held; its error ends the job.
    std::function<Result<Grant>(const Job& job, const JobReader& jobs)> make_grant = {};
    /// The device that the job asks for, of a kind with a device of its own (Scheduler::place). Empty: any.
    std::function<std::string(const Job& job)> wanted_device = {};
    /// Whether smaller values of a validation series are better, for `SeriesSummary::best`. Empty: never.
    std::function<bool(const Job& job, std::string_view series)> lower_is_better = {};

    bool must_wait_for(const Job& job, std::string_view parent, const JobReader& jobs) const {
        return !needs_parent_done || needs_parent_done(job, parent, jobs);
    }
    const TaskCommand* find_command(std::string_view command) const {
        for (const auto& one : commands)
            if (one.name == command) return &one;
        return nullptr;
    }
};

/// The kinds that a manager runs. Pointers to them stay valid as long as it lives.
class JobKinds {
  public:
    explicit JobKinds(std::vector<JobKind> kinds) : kinds_(std::move(kinds)) {}
    JobKinds(const JobKinds&) = delete;
    JobKinds& operator=(const JobKinds&) = delete;

    /// Null without such a kind.
    const JobKind* find(std::string_view name) const {
        for (const auto& kind : kinds_)
            if (kind.name == name) return &kind;
        return nullptr;
    }
    /// Separated by commas: for messages.
    std::string names() const {
        std::string words;
        for (const auto& kind : kinds_) words += (words.empty() ? "" : ", ") + kind.name;
        return words;
    }

  private:
    const std::vector<JobKind> kinds_;
};

}  // namespace digits
