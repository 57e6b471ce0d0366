#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "base/task_context.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "engine/net/measures_set.hpp"
#include "engine/solver/solver.hpp"
#include "training/training.hpp"

namespace digits {

struct CaffeTraineeOptions {
    /// Has its nets inside (`net_param`) or names their files.
    caffe::SolverParameter solver;
    /// Relative paths in the solver and its nets start here.
    std::filesystem::path folder;
    /// Snapshots are `<snapshot_prefix>_iter_N…`.
    std::filesystem::path snapshot_prefix;
    Device device;
    Precision precision = Precision::kFp32;
    std::uint64_t seed = 1;
    int threads = 0;                      ///< of computing and of feeding; 0: all cores
    bool validates_whole_sets = false;    ///< see SolverOptions::tests_whole_sets
    bool restarts_differing = false;      ///< see TrainOptions::restarts_differing
    std::vector<std::string> classes{};   ///< see TrainOptions::classes
    std::vector<std::string> measures{};  ///< see TrainOptions::measures
};

/// A Caffe solver in training. Its nets read their data themselves, through data layers.
class CaffeTrainee final : public Trainee {
  public:
    /// `context` gets what there is to say about the precision.
    CaffeTrainee(CaffeTraineeOptions options, TaskContext& context);

    std::optional<SnapshotFiles> find_snapshot() const override;
    std::vector<SnapshotFiles> snapshots() const override;
    Result<TraineeFacts> build(std::int64_t first_iteration) override;
    Result<std::vector<std::string>> load(const std::filesystem::path& weights) override;
    Result<std::int64_t> restore(const SnapshotFiles& snapshot) override;
    Result<StepValues> step(std::int64_t iteration) override;
    NamedValues outputs() const override;
    double wait_seconds() const override;
    Result<std::int64_t> begin_validation(std::size_t set) override;
    Result<ValidationValues> validate(std::size_t set) override;
    Result<SnapshotFiles> save(std::int64_t iteration) override;

  private:
    Status make_solver(std::int64_t first_iteration);
    /// Goes on with nets in which the parameters that were frozen until here learn.
    Status thaw(std::int64_t iteration);
    std::int64_t batch_size() const;
    void warn(const std::string& text) const;
    void choose_outputs();
    void choose_measures();
    void explain_zeros(const Net& net);
    Result<std::vector<std::string>> leave_out_differing(caffe::NetParameter& weights) const;

    CaffeTraineeOptions options_;
    TaskContext& context_;
    std::unique_ptr<Solver> solver_;
    double waited_s_ = 0;                                    ///< of nets before the present ones
    std::vector<std::string> recorded_;                      ///< outputs of the training net
    std::vector<std::vector<std::string>> recorded_of_set_;  ///< of each test net
    /// Of each test net: what is measured of the whole set, and by which layer.
    std::vector<std::vector<std::pair<std::string, const MeasuresSet*>>> measured_of_set_;
    int zeros_ = 0;  ///< validations in a row whose metric said nothing (ExplainsZero)
};

/// What a solver's settings mean for the loop.
TrainingPlan training_plan(const caffe::SolverParameter& solver, double iterations_per_epoch);

}  // namespace digits
