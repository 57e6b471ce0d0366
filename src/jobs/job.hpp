#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"

namespace digits {

using JsonPtr = std::shared_ptr<const nlohmann::json>;

/// DIGITS's states. A job is created in init, waits for its parents and for a free slot, runs, and ends in one of the
/// last three.
enum class JobState { kInit, kWait, kRun, kDone, kAbort, kError };

template <>
struct EnumNames<JobState> {
    static constexpr std::array<std::pair<JobState, std::string_view>, 6> kNames{{
        {JobState::kInit, "init"},
        {JobState::kWait, "wait"},
        {JobState::kRun, "run"},
        {JobState::kDone, "done"},
        {JobState::kAbort, "abort"},
        {JobState::kError, "error"},
    }};
};

/// abort → wait and error → wait are a resume, done → wait is an extension.
constexpr bool can_change(JobState from, JobState to) {
    switch (from) {
        case JobState::kInit: return to == JobState::kWait || to == JobState::kAbort || to == JobState::kError;
        case JobState::kWait: return to == JobState::kRun || to == JobState::kAbort || to == JobState::kError;
        case JobState::kRun: return to == JobState::kDone || to == JobState::kAbort || to == JobState::kError;
        case JobState::kAbort:
        case JobState::kError:
        case JobState::kDone: return to == JobState::kWait;
    }
    return false;
}
constexpr bool is_final(JobState state) {
    return state == JobState::kDone || state == JobState::kAbort || state == JobState::kError;
}

/// Of the step that is being worked on; a job may have several, one after the other.
struct JobProgress {
    std::string step;
    std::string unit;
    std::uint64_t done = 0;
    std::optional<std::uint64_t> total;
    std::optional<double> rate;  ///< units per second
    std::optional<double> eta_s;
    double elapsed_s = 0;
};

/// Times are Unix seconds with a fraction.
struct StatusChange {
    JobState state = JobState::kInit;
    double time = 0;
    std::string reason;
};

struct MetricPoint {
    std::int64_t iteration = 0;
    double epoch = 0;
    double value = 0;
};

/// A whole series in three numbers. `best` is the lowest value of a loss or error, else the highest; only series of
/// `val/` have one.
struct SeriesSummary {
    std::string series;  ///< `<phase>/<name>`: `train/loss`, `val/accuracy`
    MetricPoint last;
    std::optional<MetricPoint> best;
};

struct MetricSeries {
    std::string series;
    std::vector<MetricPoint> points;
};

/// Why a job is in error. `log_tail`: the last lines of the worker's log where it crashed.
struct JobError {
    Error error;
    std::string log_tail;
};

/// More are in the log only.
inline constexpr std::size_t kMostWarnings = 100;

struct Job {
    std::string id;
    std::string kind;  ///< a name of JobManagerOptions::kinds
    std::string name;
    std::string group;
    std::string notes;
    std::string owner;
    JsonPtr spec;  ///< never null; docs/formats/specs.md
    std::vector<std::string> parents;

    JobState state = JobState::kInit;
    std::string wait_reason;  ///< what a job in wait waits for, in words
    bool abort_requested = false;
    double created = 0;
    double started = 0;   ///< of the newest attempt; 0: not yet
    double finished = 0;  ///< 0: not yet
    double trashed = 0;   ///< when it was put into the trash; 0: it is not there
    std::vector<StatusChange> history;
    int attempt = 0;  ///< 0: never started
    int pid = 0;      ///< of the worker while it runs, else 0
    std::string device;

    std::optional<JobProgress> progress;
    std::vector<SeriesSummary> metrics;
    std::vector<std::string> warnings;  ///< of the newest attempt, each once, at most kMostWarnings
    JsonPtr network;                    ///< `network` event of the worker, null before
    JsonPtr result;                     ///< `data` of the worker's `result` event, null before
    std::optional<JobError> error;
};

/// The job as job.json and the event stream show it (times, history, error, metrics and all).
nlohmann::json job_to_json(const Job& job);
/// Reads what `job_to_json` wrote.
Result<Job> job_from_json(const nlohmann::json& json);

}  // namespace digits
