#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "caffe.pb.h"

namespace digits {

/// Caffe's learning-rate policies, and `cosine`: over rampup_interval iterations the rate rises evenly to base_lr, then
/// falls to min_lr (0) at max_iter as half a cosine. Pure but for `current_step`, which multistep moves (it is saved in
/// snapshots).
class LearningRate {
  public:
    /// Errors: kInvalidArgument for an unknown policy or missing settings.
    static Result<LearningRate> create(const caffe::SolverParameter& solver);

    /// The rate of an iteration (counted from 0), not below NVIDIA's min_lr if that is given. In the first
    /// rampup_interval iterations it rises from rampup_lr to base_lr with the square of the way, whatever other
    /// policy (NVIDIA's fork). `current_step` goes up by at most one a call.
    float at(std::int64_t iteration, int& current_step) const;

  private:
    explicit LearningRate(const caffe::SolverParameter& solver) : solver_(solver) {}
    float cosine(double iteration) const;
    float by_policy(std::int64_t iteration, int& current_step) const;

    caffe::SolverParameter solver_;
};

}  // namespace digits
