#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "training/trainee.hpp"
#include "training/validation_history.hpp"

namespace digits {

/// Which snapshots of a training stay on the disk. Those at other iterations than multiples of `interval` were asked
/// for, or written when the training was stopped: they stay.
struct RetentionRule {
    std::optional<int> newest;  ///< how many beside the best; none: all
    std::int64_t interval = 0;  ///< of the snapshots that come by themselves, in iterations; 0: there are none
};

/// Removes snapshots that a training needs no longer: it keeps the newest, the best by the metric that judges, and the
/// solver state of the newest, from which the training can be resumed.
class SnapshotKeeper {
  public:
    /// `task`: a name of tasks(), which judges; empty: nothing is the best.
    SnapshotKeeper(RetentionRule rule, std::string task) : rule_(rule), task_(std::move(task)) {}

    /// Of the first validation set, also of earlier attempts.
    ValidationHistory& validations() { return validations_; }

    /// Called when a new snapshot is complete, with all that there are. Returns the names of the removed files.
    std::vector<std::string> tidy(std::vector<SnapshotFiles> snapshots) const;

  private:
    /// The iteration of the best of them; none: no value is known.
    std::optional<std::int64_t> best_of(const std::vector<SnapshotFiles>& snapshots) const;

    RetentionRule rule_;
    std::string task_;
    ValidationHistory validations_;
};

}  // namespace digits
