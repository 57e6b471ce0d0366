#include "engine/solver/train.hpp"

#include "caffe/prototxt.hpp"
#include "engine/solver/caffe_trainee.hpp"

namespace digits {
namespace {

std::filesystem::path snapshot_prefix(const caffe::SolverParameter& solver, const std::filesystem::path& solver_file) {
    const auto name = solver_file.stem();
    if (solver.snapshot_prefix().empty()) return solver_file.parent_path() / name;
    auto prefix = solver_file.parent_path() / solver.snapshot_prefix();
    std::error_code ignored;
    return std::filesystem::is_directory(prefix, ignored) ? prefix / name : prefix;
}

}  // namespace

Result<TrainSummary> train(const TrainOptions& options, TaskContext& context) {
    auto solver =
        options.solver ? *options.solver : Result<caffe::SolverParameter>(read_solver_file(options.solver_file));
    if (!solver) return fail(std::move(solver).error());
    auto plan = training_plan(*solver, options.iterations_per_epoch);
    plan.task = options.task;
    plan.weights = options.weights;
    plan.keep_newest = options.keep_newest;
    plan.event_log = options.event_log;
    plan.patience = options.patience;
    plan.stop_metric = options.stop_metric;
    CaffeTraineeOptions trainee;
    trainee.snapshot_prefix = snapshot_prefix(*solver, options.solver_file);
    trainee.solver = std::move(*solver);
    trainee.folder = options.solver_file.parent_path();
    trainee.device = options.device;
    trainee.precision = options.precision;
    trainee.seed = options.seed;
    trainee.threads = options.threads;
    trainee.validates_whole_sets = options.validates_whole_sets;
    trainee.restarts_differing = options.restarts_differing;
    trainee.classes = options.classes;
    trainee.measures = options.measures;
    CaffeTrainee caffe(std::move(trainee), context);
    return run_training(caffe, plan, context);
}

}  // namespace digits
