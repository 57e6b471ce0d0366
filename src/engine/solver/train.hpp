#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "base/task_context.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "training/training.hpp"

namespace digits {

struct TrainOptions {
    /// Relative paths in the solver start at its folder. Snapshots go to `<snapshot_prefix>_iter_N…` (with the solver
    /// file's own name in a prefix that is a folder); the newest complete one there is resumed from.
    std::filesystem::path solver_file;
    /// The solver with its net (`net_param`), for callers that have them: then no file is read.
    std::optional<caffe::SolverParameter> solver;
    std::string task;  ///< TrainingPlan::task
    double iterations_per_epoch = 1;
    std::optional<int> keep_newest;   ///< TrainingPlan::keep_newest
    std::filesystem::path event_log;  ///< TrainingPlan::event_log
    std::optional<int> patience;      ///< TrainingPlan::patience
    std::string stop_metric;          ///< TrainingPlan::stop_metric
    /// `.caffemodel` files to start from, when there is nothing to resume.
    std::vector<std::filesystem::path> weights;
    /// Layers for which the files have another shape start from scratch, with a warning; else that is an error.
    bool restarts_differing = false;
    Device device;
    Precision precision = Precision::kFp32;
    std::uint64_t seed = 1;
    int threads = 0;  ///< of computing and of feeding; 0: all cores
    /// Whether validations go over their set as a whole, whatever the solver's test_iter says.
    bool validates_whole_sets = false;
    std::vector<std::string> classes{};  ///< names by number, for what is said of them; may be empty
    /// What validations measure beside the outputs of their net, where its layers can: "f1" (Task::measures).
    std::vector<std::string> measures{};
};

/// Trains a Caffe solver to max_iter: run_training() with a CaffeTrainee. Exactly resumable: the iterations after a
/// snapshot give the same numbers as in an uninterrupted run. Errors: kInvalidArgument for a wrong network or solver;
/// kFailedPrecondition when the precision is not available on this device, and those of run_training().
Result<TrainSummary> train(const TrainOptions& options, TaskContext& context);

}  // namespace digits
