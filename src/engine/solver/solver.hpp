#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/net.hpp"
#include "engine/solver/update_rule.hpp"
#include "training/learning_rate.hpp"

namespace digits {

/// What to tell of a network whose parameters all have a learning rate of 0, or that has none.
Error nothing_learns();

struct SolverOptions {
    /// Relative paths (the net, data sources) start here.
    std::filesystem::path base_dir;
    Device device;
    /// Used when the solver has no random_seed.
    std::uint64_t seed = 1;
    bool generic_kernels = false;
    int feed_threads = 0;
    /// The iteration to start at: data layers open where an uninterrupted run would be.
    std::int64_t first_iteration = 0;
    bool with_test_nets = true;
    /// Whether tests go over their data as a whole, each record once and from the first on, or as Caffe's do, which
    /// take test_iter batches from where the test before ended.
    bool tests_whole_sets = false;
    /// Of training and tests.
    ProductMode products;
    /// As in NetOptions; trainings that nobody looks into need less memory without.
    bool keeps_diffs = true;
};

/// One element of an output of a test net, of one batch or as the mean over the batches of a test; with
/// test_compute_loss also the whole loss, "test_loss".
struct TestValue {
    std::string output;
    std::int64_t element = 0;
    float value = 0;
    float loss_weight = 0;
};

/// Caffe's solver: iterations of forward, backward and update, tests, and a state that can be saved and restored
/// exactly.
class Solver {
  public:
    /// Errors: kInvalidArgument for contradictory settings, and whatever the nets say.
    static Result<std::unique_ptr<Solver>> create(const caffe::SolverParameter& parameter,
                                                  const SolverOptions& options);

    /// One iteration: iter_size forward and backward passes and the update. The mean loss before the update.
    /// `before_pass` is called before every forward pass (to fill Input blobs).
    Result<float> step(const std::function<Status(Net&)>& before_pass = {});
    /// The rate that the next step uses.
    float rate();
    std::int64_t iteration() const { return iteration_; }
    Net& net() { return *net_; }
    std::size_t test_net_count() const { return test_nets_.size(); }
    Net& test_net(std::size_t index) { return *test_nets_[index]; }
    /// Runs test_iter batches; `stop` is asked before each.
    Result<std::vector<TestValue>> test(std::size_t index, const std::function<bool()>& stop = {});
    /// The same batch by batch: gives a test net the present weights, and runs its next batch.
    Status begin_test(std::size_t index);
    Result<std::vector<TestValue>> test_batch(std::size_t index);
    /// The whole loss of the next batch; its outputs are in the test net.
    Result<float> run_test_batch(std::size_t index);
    /// Whether the last batch of a test has run, so that metrics of the whole set have their values.
    bool test_is_complete(std::size_t index) const { return batches_left_[index] == 0; }
    /// How many batches a test has.
    std::int64_t test_batches(std::size_t index) const;
    /// Whether parameters that were frozen until this iteration learn from it on, or statistics are fixed: then nets
    /// are made again, with `first_iteration` (ParamSpec.frozen_until, BatchNormParameter.fixed_after_percent).
    bool changes_at(std::int64_t iteration) const;
    /// What the user should know of the nets as they were made.
    const std::vector<std::string>& warnings() const { return warnings_; }

    const caffe::SolverParameter& parameter() const { return parameter_; }
    /// What a snapshot's weights file holds.
    caffe::NetParameter weights() const { return net_->to_proto(parameter_.snapshot_diff()); }
    /// What the files of a snapshot take on the disk, about.
    std::int64_t snapshot_bytes() const;
    caffe::SolverState state(const std::filesystem::path& learned_net) const;
    /// Errors: kInvalidArgument when the history does not fit the network.
    Status restore(const caffe::SolverState& state);

  private:
    Solver() = default;
    Status make_nets(const SolverOptions& options);
    Result<std::unique_ptr<Net>> make_whole_set_net(const caffe::NetParameter& definition, NetOptions options);
    float gradient_scale() const;

    caffe::SolverParameter parameter_;
    std::unique_ptr<Net> net_;
    std::vector<std::unique_ptr<Net>> test_nets_;
    std::vector<std::int64_t> batches_left_;  ///< of the test of each net that goes on
    std::optional<LearningRate> learning_rate_;
    std::optional<UpdateRule> rule_;
    std::int64_t iteration_ = 0;
    int current_step_ = 0;
    bool tests_whole_sets_ = false;
    std::vector<std::int64_t> changes_;  ///< iterations
    std::vector<std::string> warnings_;
};

}  // namespace digits
