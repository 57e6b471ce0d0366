#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task_context.hpp"
#include "training/trainee.hpp"
#include "training/validation_history.hpp"

namespace digits {

struct ValidationSet {
    std::string phase;  ///< of its `metrics` events: "val"
    std::int64_t batches = 0;
};

/// When the loop does what, in iterations.
struct TrainingPlan {
    std::string task;  ///< a name of tasks(), for those who judge the metrics; empty: not told
    std::int64_t iterations = 0;
    double iterations_per_epoch = 1;
    std::int64_t display_interval = 0;   ///< 0: only the last iteration is reported
    int smoothing = 1;                   ///< the reported loss is the mean of so many iterations
    std::int64_t snapshot_interval = 0;  ///< 0: only at the end and on request
    bool snapshot_at_end = true;
    std::optional<int> keep_newest;        ///< snapshots beside the best one (snapshot_keeper.hpp); none: all
    std::filesystem::path event_log;       ///< with the validations of earlier attempts; empty: not known
    std::int64_t validation_interval = 0;  ///< 0: never
    bool validate_first = true;            ///< also before the first iteration
    std::vector<ValidationSet> validation_sets;
    std::optional<int> patience;  ///< validations without a better value after which the training ends; none: never
    std::string stop_metric;      ///< the value that is watched; empty: the one that judges
    std::vector<std::filesystem::path> weights;  ///< to start from when there is nothing to resume
};

struct TrainSummary {
    std::int64_t iterations = 0;
    std::int64_t first_iteration = 0;  ///< where this attempt began; earlier validations are not in `validations`
    bool aborted = false;
    bool stopped_early = false;     ///< by TrainingPlan::patience
    ValidationHistory validations;  ///< of the first validation set
};

/// Trains to the plan's last iteration, or resumes there from the trainee's newest snapshot, and emits `network`,
/// `metrics`, `snapshot`, `progress` and `log` events (docs/formats/worker-protocol.md). Errors: those of the trainee;
/// kFailedPrecondition with advice when the loss is NaN or diverges.
Result<TrainSummary> run_training(Trainee& trainee, const TrainingPlan& plan, TaskContext& context);

}  // namespace digits
