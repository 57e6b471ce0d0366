#include "caffe/solver_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace digits {
namespace {

constexpr int kDisplaysPerEpoch = 8;
constexpr double kImagesPerDisplay = 5000;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// An interval in epochs as iterations; `never` when it is 0 or longer than the training.
int interval_iterations(double epochs, std::int64_t per_epoch, std::int64_t max_iter, int never) {
    const double iterations = epochs * static_cast<double>(per_epoch);
    if (iterations > 0 && iterations <= 1) return 1;
    if (iterations > 1 && iterations < static_cast<double>(max_iter)) return static_cast<int>(std::floor(iterations));
    return never;
}

bool has_momentum(SolverType type) { return type != SolverType::kAdagrad && type != SolverType::kRmsprop; }

caffe::SolverParameter::SolverType solver_type(SolverType type) {
    switch (type) {
        case SolverType::kSgd: return caffe::SolverParameter::SGD;
        case SolverType::kNesterov: return caffe::SolverParameter::NESTEROV;
        case SolverType::kAdagrad: return caffe::SolverParameter::ADAGRAD;
        case SolverType::kRmsprop: return caffe::SolverParameter::RMSPROP;
        case SolverType::kAdadelta: return caffe::SolverParameter::ADADELTA;
        case SolverType::kAdam: return caffe::SolverParameter::ADAM;
        case SolverType::kAdamw: break;  // Caffe has none: its name is in `type`
    }
    return caffe::SolverParameter::SGD;
}

/// Decoupled from the learning rate, it has the size that AdamW's users know.
double default_weight_decay(const SolverChoices& solver) {
    return solver.type == SolverType::kAdamw ? 0.01 : solver.base_lr / 100;
}

/// The policies speak in percent of the training, the solver in iterations.
void set_learning_rate(const SolverChoices& choices, double iterations_per_percent, caffe::SolverParameter& solver) {
    const auto at_percent = [&](double percent) {
        return static_cast<int>(std::min(std::ceil(percent * iterations_per_percent),
                                         static_cast<double>(std::numeric_limits<int>::max())));
    };
    solver.set_base_lr(static_cast<float>(choices.base_lr));
    solver.set_lr_policy(std::string(enum_name(choices.lr_policy)));
    switch (choices.lr_policy) {
        case LrPolicy::kFixed: break;
        case LrPolicy::kStep:
            solver.set_stepsize(at_percent(choices.step_percent));
            solver.set_gamma(static_cast<float>(choices.gamma));
            break;
        case LrPolicy::kMultistep:
            for (const double percent : choices.steps_percent) solver.add_stepvalue(at_percent(percent));
            solver.set_gamma(static_cast<float>(choices.gamma));
            break;
        case LrPolicy::kExp:
            solver.set_gamma(static_cast<float>(std::pow(choices.gamma, 1 / iterations_per_percent)));
            break;
        case LrPolicy::kInv:
            solver.set_gamma(static_cast<float>(choices.gamma / iterations_per_percent));
            solver.set_power(static_cast<float>(choices.power));
            break;
        case LrPolicy::kCosine:
            if (choices.warmup_percent > 0) solver.set_rampup_interval(at_percent(choices.warmup_percent));
            break;
        case LrPolicy::kPoly: solver.set_power(static_cast<float>(choices.power)); break;
        case LrPolicy::kSigmoid:
            solver.set_gamma(static_cast<float>(-choices.gamma / iterations_per_percent));
            solver.set_stepsize(at_percent(choices.step_percent));
            break;
    }
}

}  // namespace

std::int64_t iterations_per_epoch(std::int64_t train_count, int batch_size, int batch_accumulation) {
    return divide_up(train_count, std::int64_t{batch_size} * batch_accumulation);
}

Result<caffe::SolverParameter> make_solver(const TrainingData& dataset, const TrainingChoices& choices,
                                           const BatchFacts& batches) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    const double iterations = static_cast<double>(batches.iterations_per_epoch) * choices.epochs;
    if (iterations > static_cast<double>(kMost))
        return fail(ErrorCode::kInvalidArgument,
                    "{} epochs of {} iterations are more than {}, the most a solver counts", choices.epochs,
                    batches.iterations_per_epoch, kMost);
    const std::int64_t max_iter = std::max<std::int64_t>(std::llround(iterations), 1);
    const std::int64_t batch = std::int64_t{batches.batch_size} * choices.batch_accumulation;

    caffe::SolverParameter solver;
    solver.set_net("train_val.prototxt");
    if (choices.solver.type == SolverType::kAdamw)
        solver.set_type(std::string(enum_name(SolverType::kAdamw)));
    else
        solver.set_solver_type(solver_type(choices.solver.type));
    solver.set_solver_mode(caffe::SolverParameter::CPU);
    solver.set_snapshot_prefix("snapshot");
    if (choices.batch_accumulation > 1) solver.set_iter_size(choices.batch_accumulation);
    solver.set_max_iter(static_cast<int>(max_iter));
    solver.set_snapshot(interval_iterations(choices.snapshot_interval, batches.iterations_per_epoch, max_iter, 0));
    if (batches.val_batch_size > 0 && choices.val_interval > 0) {
        solver.add_test_iter(static_cast<int>(divide_up(dataset.val_count, batches.val_batch_size)));
        solver.set_test_interval(interval_iterations(choices.val_interval, batches.iterations_per_epoch, max_iter,
                                                     static_cast<int>(max_iter)));
    }
    set_learning_rate(choices.solver, static_cast<double>(max_iter) / 100, solver);
    if (has_momentum(choices.solver.type))
        solver.set_momentum(static_cast<float>(choices.solver.momentum.value_or(0.9)));
    else if (choices.solver.momentum.value_or(0) != 0)
        return fail(ErrorCode::kInvalidArgument, "momentum is {}, but the solver {} has none", *choices.solver.momentum,
                    enum_name(choices.solver.type));
    solver.set_weight_decay(
        static_cast<float>(choices.solver.weight_decay.value_or(default_weight_decay(choices.solver))));
    if (choices.solver.type == SolverType::kRmsprop) solver.set_rms_decay(static_cast<float>(choices.solver.rms_decay));
    // Caffe compares the sum over the accumulated batches, before it divides by their number.
    if (choices.solver.clip_gradients)
        solver.set_clip_gradients(static_cast<float>(*choices.solver.clip_gradients * choices.batch_accumulation));
    // Eight times an epoch, or after 5000 images, whichever comes sooner.
    const double seldom = std::floor(static_cast<double>(max_iter) / (kDisplaysPerEpoch * choices.epochs));
    const double soonest = std::ceil(kImagesPerDisplay / static_cast<double>(batch));
    solver.set_display(static_cast<int>(std::max(1.0, std::min(seldom, soonest))));
    if (choices.seed) solver.set_random_seed(*choices.seed);
    return solver;
}

}  // namespace digits
