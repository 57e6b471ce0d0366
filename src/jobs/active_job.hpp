#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_kind.hpp"
#include "jobs/store.hpp"

namespace digits {

/// A worker's values beyond these are left out: every series costs memory in the server and in each browser.
inline constexpr std::size_t kMaxSeries = 500;        // of a job
inline constexpr std::size_t kMaxEventValues = 1000;  // of a metrics event
inline constexpr std::size_t kMaxSeriesName_bytes = 200;
/// A series that is reported faster than this for long is recorded in part; its last and its best value always count.
inline constexpr double kMaxPointsPerSecond = 50;
inline constexpr double kMaxPointsAtOnce = 2000;

/// A job in the manager's memory: one that has not ended, or is being changed.
struct ActiveJob {
    enum class End { kNone, kDone, kAborted, kFailed };
    struct Log {
        std::string level;
        std::string text;
    };
    struct Relayed {
        std::string name;
        JsonPtr data;
    };
    /// How many points of a series may come at a time, which is in seconds since 1970 and the worker's.
    struct PointBudget {
        double points = kMaxPointsAtOnce;
        double time = 0;
    };

    Job job;
    TaskPosition position;
    const JobKind* kind = nullptr;  ///< null: not known to this server
    bool parents_done = false;

    End end = End::kNone;  ///< as the task's last event has it
    Error end_error;

    bool dirty = false;    ///< the database has an older state of it
    bool changed = false;  ///< a `changed` event is due
    bool urgent = false;   ///< must be written at once, job.json too
    bool progress_due = false;
    std::vector<MetricRow> metrics;
    std::map<std::string, PointBudget> budgets;  ///< by series
    bool metrics_left_out = false;               ///< values beyond the limits came; told once
    bool metrics_thinned = false;                ///< a series came too fast; told once
    std::optional<std::int64_t> metrics_restart;
    std::vector<Relayed> relayed;
    std::vector<Log> logs;
};

double unix_time();

/// Sets the state with its time and a line of history.
void change_state(ActiveJob& active, JobState state, std::string reason);

/// Iteration of the event if it begins a new attempt's metrics and older points from there on are void;
/// `restart_metrics` must then be called with those that stay before the event is applied.
std::optional<std::int64_t> find_metrics_restart(const ActiveJob& active, const nlohmann::json& event);
void restart_metrics(ActiveJob& active, std::int64_t iteration, const std::vector<MetricRow>& kept);

/// Folds one event of the worker into the job. Events that were folded before (by `seq`) and unknown ones change
/// nothing; a malformed one is told in our log.
void apply_event(ActiveJob& active, const nlohmann::json& event);

}  // namespace digits
