#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"

namespace digits {

/// Tells in words when a training has gone astray: a loss that is no number, that grew beyond all measure, or that sits
/// at the highest value a softmax loss can have (−ln of the smallest float, 87.34), as happens when a network's outputs
/// overflow.
class DivergenceWatch {
  public:
    /// nothing while all is well; else kFailedPrecondition with advice.
    std::optional<Error> judge(float loss, std::int64_t iteration, float learning_rate);

  private:
    float first_ = -1;
    int saturated_ = 0, exploded_ = 0;
};

}  // namespace digits
