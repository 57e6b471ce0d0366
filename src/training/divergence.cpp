#include "training/divergence.hpp"

#include <algorithm>
#include <cmath>

#include "tasks/diverged.hpp"

namespace digits {
namespace {

constexpr int kPatience = 20;            // iterations in a row
constexpr float kSaturatedLoss = 87.3F;  // −ln(FLT_MIN) = 87.3365
constexpr float kExplosion = 1e4F;       // times the first loss
constexpr const char* kAdvice =
    "Clone the model with a tenth of the learning rate, or with gradient clipping. Check that a mean is subtracted or "
    "the inputs are scaled, and that no label lies outside the network's outputs";
constexpr const char* kFirstAdvice =
    "The learning rate is not the reason. Check that the weights that the training starts from are numbers, that the "
    "images or values of the dataset are neither NaN nor infinite nor so large that the outputs overflow, that the "
    "initial weights (the fillers) are not too large, and that no layer divides by zero or takes the logarithm of zero";

}  // namespace

std::optional<Error> DivergenceWatch::judge(float loss, std::int64_t iteration, float learning_rate) {
    if (!std::isfinite(loss) && first_ < 0)
        return make_error(ErrorCode::kFailedPrecondition,
                          "the loss is {} at iteration {}, before the first step: the network's initial output is "
                          "already not a number",
                          std::isnan(loss) ? "NaN (not a number)" : "infinite", iteration)
            .advise(kFirstAdvice);
    if (!std::isfinite(loss))
        return make_error(ErrorCode::kFailedPrecondition,
                          "the loss became {} at iteration {} with a learning rate of {:g}: the training diverged",
                          std::isnan(loss) ? "NaN (not a number)" : "infinite", iteration, learning_rate)
            .at(kDivergedField)
            .advise(kAdvice);
    if (first_ < 0) first_ = std::max(std::fabs(loss), 1.0F);
    exploded_ = std::fabs(loss) > kExplosion * first_ ? exploded_ + 1 : 0;
    if (exploded_ >= kPatience)
        return make_error(ErrorCode::kFailedPrecondition,
                          "the loss exploded: {:g} at iteration {}, {:g} at the start; the learning rate is {:g}", loss,
                          iteration, first_, learning_rate)
            .at(kDivergedField)
            .advise(kAdvice);
    saturated_ =
        loss >= kSaturatedLoss && loss <= kSaturatedLoss + 0.05F && first_ < kSaturatedLoss / 2 ? saturated_ + 1 : 0;
    if (saturated_ >= kPatience)
        return make_error(ErrorCode::kFailedPrecondition,
                          "the loss has been {:.4g} for {} iterations, the highest value that a softmax loss can have: "
                          "the network's outputs overflowed (iteration {}, learning rate {:g})",
                          loss, kPatience, iteration, learning_rate)
            .at(kDivergedField)
            .advise(kAdvice);
    return std::nullopt;
}

}  // namespace digits
