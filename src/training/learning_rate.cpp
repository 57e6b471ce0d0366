#include "training/learning_rate.hpp"

#include <algorithm>
#include <cmath>

namespace digits {

Result<LearningRate> LearningRate::create(const caffe::SolverParameter& solver) {
    const std::string& policy = solver.lr_policy();
    const bool known = policy == "fixed" || policy == "step" || policy == "exp" || policy == "inv" ||
                       policy == "multistep" || policy == "poly" || policy == "sigmoid" || policy == "cosine";
    if (!known)
        return fail(ErrorCode::kInvalidArgument,
                    "unknown lr_policy \"{}\"; use fixed, step, exp, inv, multistep, poly, sigmoid or cosine", policy);
    if (policy == "step" && solver.stepsize() <= 0)
        return fail(ErrorCode::kInvalidArgument, "lr_policy \"step\" needs a positive stepsize; got {}",
                    solver.stepsize());
    if ((policy == "poly" || policy == "cosine") && solver.max_iter() <= 0)
        return fail(ErrorCode::kInvalidArgument, "lr_policy \"{}\" needs a positive max_iter; got {}", policy,
                    solver.max_iter());
    if (policy == "sigmoid" && solver.stepsize() <= 0)
        return fail(ErrorCode::kInvalidArgument, "lr_policy \"sigmoid\" needs a positive stepsize; got {}",
                    solver.stepsize());
    if (solver.rampup_interval() < 0)
        return fail(ErrorCode::kInvalidArgument, "rampup_interval must be 0 (none) or more iterations; got {}",
                    solver.rampup_interval());
    return LearningRate(solver);
}

float LearningRate::at(std::int64_t iteration, int& current_step) const {
    const float rate = by_policy(iteration, current_step);
    return solver_.has_min_lr() ? std::max(rate, solver_.min_lr()) : rate;
}

float LearningRate::cosine(double iteration) const {
    const double base = solver_.base_lr(), warmup = solver_.rampup_interval();
    if (iteration < warmup)
        return static_cast<float>(solver_.rampup_lr() + (base - solver_.rampup_lr()) * (iteration + 1) / warmup);
    const double rest = std::max(solver_.max_iter() - warmup, 1.0);
    const double share = std::min((iteration - warmup) / rest, 1.0);
    return static_cast<float>(solver_.min_lr() + (base - solver_.min_lr()) * (1 + std::cos(M_PI * share)) / 2);
}

float LearningRate::by_policy(std::int64_t iteration, int& current_step) const {
    const std::string& policy = solver_.lr_policy();
    const double base = solver_.base_lr(), gamma = solver_.gamma(), power = solver_.power();
    const auto it = static_cast<double>(iteration);
    if (policy == "cosine") return cosine(it);
    if (iteration < solver_.rampup_interval()) {
        const double share = it / solver_.rampup_interval();
        return static_cast<float>(solver_.rampup_lr() + (base - solver_.rampup_lr()) * share * share);
    }
    if (policy == "step") {
        current_step = static_cast<int>(iteration / solver_.stepsize());
        return static_cast<float>(base * std::pow(gamma, current_step));
    }
    if (policy == "exp") return static_cast<float>(base * std::pow(gamma, it));
    if (policy == "inv") return static_cast<float>(base * std::pow(1 + gamma * it, -power));
    if (policy == "multistep") {
        if (current_step < solver_.stepvalue_size() && iteration >= solver_.stepvalue(current_step)) ++current_step;
        return static_cast<float>(base * std::pow(gamma, current_step));
    }
    if (policy == "poly")
        return static_cast<float>((base - solver_.min_lr()) * std::pow(1 - it / solver_.max_iter(), power) +
                                  solver_.min_lr());
    // With a negative gamma, as in the solvers that DIGITS writes, the rate falls. BVLC Caffe refuses it.
    if (policy == "sigmoid") return static_cast<float>(base / (1 + std::exp(-gamma * (it - solver_.stepsize()))));
    return static_cast<float>(base);
}

}  // namespace digits
