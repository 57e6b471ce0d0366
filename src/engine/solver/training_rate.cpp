#include "engine/solver/training_rate.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "caffe/net_state.hpp"
#include "engine/device/device.hpp"
#include "engine/guard.hpp"
#include "engine/net/flops.hpp"
#include "engine/solver/solver.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;

/// Operations that a step may take, so that a few of them fit the budget on a slow machine.
constexpr double kStepFlops = 2e10;
constexpr double kMostFlops = 4e11;
/// The work limit on a GPU relative to a CPU; with less work, launches dominate.
constexpr double kGpuFlops = 100;
/// The share of the large-GEMM rate that trainings reach, for networks that cannot be measured.
constexpr double kUsualShare = 0.5;

class Trial {
  public:
    static Result<Trial> create(const caffe::NetParameter& net, ImageInputs inputs, std::int64_t batch_size,
                                const RateOptions& wish) {
        inputs.batch_size = batch_size;
        caffe::SolverParameter parameter;
        *parameter.mutable_train_net_param() = with_input_layers(net, inputs);
        parameter.mutable_train_state()->add_stage("train");
        parameter.set_base_lr(1e-6F);
        parameter.set_lr_policy("fixed");
        parameter.set_momentum(0.9F);
        parameter.set_random_seed(1);
        SolverOptions options;
        options.keeps_diffs = false;
        options.device = default_device();
        options.base_dir = wish.base_dir;
        DIGITS_ASSIGN(options.products, product_mode(wish.precision, options.device));
        Trial trial;
        DIGITS_ASSIGN(trial.solver_, Solver::create(parameter, options));
        DIGITS_TRY(trial.fill(wish.classes));
        return trial;
    }

    double flops() const { return count_flops(solver_->net()).total(); }
    /// Seconds of a step: the median of as many as fit the budget, at least two.
    Result<double> time(double budget_s) {
        DIGITS_TRY(solver_->step());
        std::vector<double> seconds;
        const auto start = Clock::now();
        while (seconds.size() < 2 || (seconds.size() < 30 && since(start) < budget_s)) {
            const auto begin = Clock::now();
            DIGITS_TRY(solver_->step());
            seconds.push_back(since(begin));
        }
        std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
        return seconds[seconds.size() / 2];
    }

  private:
    static double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }
    Status fill(std::int64_t classes) {
        return guarded([&] {
            auto& net = solver_->net();
            for (const auto& name : net.inputs()) {
                Blob& blob = *net.find_blob(name);
                const auto values =
                    blob.axis_count() > 1 ? at::randn(blob.shape()) : at::randint(classes, blob.shape(), at::kFloat);
                blob.set_data(values.to(blob.data().device()));
            }
        });
    }

    std::unique_ptr<Solver> solver_;
};

}  // namespace

Result<TrainingRate> measure_training_rate(const caffe::NetParameter& whole, const ImageInputs& inputs,
                                           const RateOptions& options) {
    static const int all_threads = at::get_num_threads();
    at::set_num_threads(options.threads > 0 ? options.threads : all_threads);
    const auto batch_size = options.batch_size;
    const double budget_s = options.budget_s;
    caffe::NetState state;
    state.set_phase(caffe::TRAIN);
    state.add_stage("train");
    DIGITS_ASSIGN(const auto net, filter_net(whole, state));
    DIGITS_ASSIGN(auto one, Trial::create(net, inputs, 1, options));
    const double image_flops = std::max(1.0, one.flops());
    const double more = default_device().is_cuda ? kGpuFlops : 1;
    if (image_flops > more * kMostFlops)
        return TrainingRate{kUsualShare * measure_matrix_limit(default_device()) / image_flops, false, 0};
    const auto tried =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(more * kStepFlops / image_flops), 1, batch_size);
    TrainingRate rate{0, true, tried};
    if (tried == 1 && batch_size > 1) {
        DIGITS_ASSIGN(const double seconds, one.time(budget_s));
        rate.images_per_s = 1 / seconds;
        return rate;
    }
    DIGITS_ASSIGN(auto trial, Trial::create(net, inputs, tried, options));
    DIGITS_ASSIGN(const double seconds, trial.time(budget_s / 2));
    double step_seconds = seconds;
    if (tried < batch_size) {
        // The constant cost of a step, mostly the weight update, is shared by more images.
        DIGITS_ASSIGN(const double single, one.time(budget_s / 2));
        const double per_image =
            std::max(0.5 * seconds / static_cast<double>(tried), (seconds - single) / static_cast<double>(tried - 1));
        step_seconds = seconds + per_image * static_cast<double>(batch_size - tried);
    }
    rate.images_per_s = static_cast<double>(batch_size) / step_seconds;
    return rate;
}

}  // namespace digits
