#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// The files of a snapshot. Only with a solver state a training can be resumed from it.
struct SnapshotFiles {
    std::int64_t iteration = 0;
    std::filesystem::path weights, state;
};

struct TraineeOutput {
    std::string name;
    bool is_loss = false;  ///< the lower the better
};

struct TraineeFacts {
    std::vector<TraineeOutput> outputs;  ///< of training and validations, each name once
    std::int64_t parameters = 0;
    std::int64_t memory_bytes = 0;  ///< foreseen; 0: not known
};

using NamedValues = std::vector<std::pair<std::string, float>>;

struct StepValues {
    float loss = 0;  ///< before the update
    double learning_rate = 0;
    std::int64_t samples = 0;  ///< that the step took
};

/// What a validation batch says of one series.
struct ValidationValue {
    std::string name;
    float value = 0;
    /// What the value is a mean over, for instance the labels that count; none: the samples of the batch.
    std::optional<double> count = {};
    bool adds_up = false;  ///< the value is a sum over the batch, not a mean
};

struct ValidationValues {
    std::vector<ValidationValue> values;
    std::int64_t samples = 1;
};

/// The run-time half of a framework: one network in training. The loop (run_training) decides when to step, validate,
/// save and stop, and reports the events; a trainee knows neither schedule nor events. One thread.
///
/// Order of calls: find_snapshot, build, then restore or load, then the others. Training after `restore` equals a
/// training that was never interrupted. conformance.hpp tests all of this for any trainee.
class Trainee {
  public:
    virtual ~Trainee() = default;

    /// The newest complete snapshot that an earlier attempt left.
    virtual std::optional<SnapshotFiles> find_snapshot() const = 0;
    /// All snapshots that are there, in any order, with an empty `state` where it is not there. Without them none is
    /// ever removed.
    virtual std::vector<SnapshotFiles> snapshots() const { return {}; }
    /// Builds the network. Its data begins where an uninterrupted run would be at `first_iteration`.
    virtual Result<TraineeFacts> build(std::int64_t first_iteration) = 0;
    /// Takes initial weights from a file. Returns what the user should know, for instance which layers were ignored.
    virtual Result<std::vector<std::string>> load(const std::filesystem::path& weights) = 0;
    /// Takes weights and optimizer state. Returns the iteration to continue at.
    virtual Result<std::int64_t> restore(const SnapshotFiles& snapshot) = 0;

    /// One update of the weights; `iteration` counts from 0.
    virtual Result<StepValues> step(std::int64_t iteration) = 0;
    /// Other scalar outputs of the last step. Called only when they are reported: reading them may wait for a device.
    virtual NamedValues outputs() const { return {}; }
    /// Seconds that steps have waited for data so far.
    virtual double wait_seconds() const { return 0; }

    /// Called before the first batch of each run over validation set `set`. The number of its batches; 0: as many as
    /// the plan says.
    virtual Result<std::int64_t> begin_validation([[maybe_unused]] std::size_t set) { return 0; }
    /// The next batch of the validation set.
    virtual Result<ValidationValues> validate(std::size_t set) = 0;

    /// Writes a snapshot; its files appear complete or not at all.
    virtual Result<SnapshotFiles> save(std::int64_t iteration) = 0;
    /// Called once when the last iteration is done (exports, frozen graphs).
    virtual Status finish() { return {}; }
};

}  // namespace digits
