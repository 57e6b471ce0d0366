#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"

namespace digits {

/// Reports that a training diverged: the loss is NaN or grows without limit, or it stays at the highest value of a
/// softmax loss (−ln of the smallest float, 87.34), as happens when a network's outputs overflow.
class DivergenceWatch {
  public:
    /// No value while the training converges, else kFailedPrecondition with advice, at kDivergedField. The first loss
    /// is of weights that no step has changed: if it is not finite, the learning rate is not blamed.
    std::optional<Error> judge(float loss, std::int64_t iteration, float learning_rate);

  private:
    float first_ = -1;
    int saturated_ = 0, exploded_ = 0;
};

}  // namespace digits
