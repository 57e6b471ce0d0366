#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/net.hpp"

namespace digits {

/// One parameter's step: g = diff · gradient_scale + decay, then the rule of the solver's type with this rate.
struct UpdateStep {
    float rate = 0;            ///< of the iteration, times lr_mult
    float weight_decay = 0;    ///< times decay_mult
    float gradient_scale = 1;  ///< clipping and 1 / iter_size
    std::int64_t iteration = 0;
};

/// SGD, Nesterov, AdaGrad, RMSProp, AdaDelta and Adam as Caffe computes them, with their history blobs; AdamW as
/// PyTorch does: the weights shrink by rate · weight decay apart from the gradients.
class UpdateRule {
  public:
    /// Errors: kInvalidArgument for an unknown type or settings that Caffe refuses.
    static Result<UpdateRule> create(const caffe::SolverParameter& solver,
                                     const std::vector<LearnableParameter>& parameters);

    /// Moves parameters, by their index. Throws EngineError / c10::Error.
    void apply(const std::vector<std::pair<std::size_t, UpdateStep>>& steps);
    /// Whether a frozen parameter (lr_mult 0) and its history can change: by weight decay alone, or by the momentum
    /// that a training gave it in which it was not frozen.
    bool moves_without_rate(std::size_t index) const {
        return (type_ != Type::kSgd && type_ != Type::kNesterov) || old_momentum_.contains(index);
    }
    /// The history is that of an earlier training now.
    void take_over_history();
    /// In Caffe's order: one a parameter; AdaDelta, Adam and AdamW then have a second row of them.
    const std::vector<std::shared_ptr<Blob>>& history() const { return history_; }

  private:
    void apply(std::size_t index, const UpdateStep& step);
    /// Plain SGD of all `members` with one step's settings.
    void move(const std::vector<std::size_t>& members, const UpdateStep& step);

    enum class Type { kSgd, kNesterov, kAdaGrad, kRmsProp, kAdaDelta, kAdam, kAdamW };

    caffe::SolverParameter solver_;
    Type type_ = Type::kSgd;
    bool l1_ = false;
    std::set<std::size_t> old_momentum_;  // parameters that an earlier training left moving
    std::vector<std::shared_ptr<Blob>> parameters_, history_;
};

}  // namespace digits
