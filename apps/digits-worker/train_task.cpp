#include <filesystem>

#include "engine/device.hpp"
#include "engine/train.hpp"
#include "models/prepare.hpp"
#include "tasks.hpp"

namespace digits {

Result<nlohmann::json> run_train_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(const auto spec, parse_model_spec(json));
    DIGITS_ASSIGN(const auto prepared, prepare_model(spec, host.job_dir()));
    for (const auto& warning : prepared.warnings)
        host.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
    TrainOptions options;
    options.solver_file = prepared.solver_file;
    options.iterations_per_epoch = static_cast<double>(prepared.facts.iterations_per_epoch);
    for (const auto& weights : spec.weights) options.weights.emplace_back(weights.path);
    options.device = default_device();
    if (spec.seed) options.seed = static_cast<std::uint64_t>(*spec.seed);
    options.threads = spec.threads;
    DIGITS_ASSIGN(const auto summary, train(options, host));
    if (summary.aborted) return fail(ErrorCode::kCancelled, "aborted at iteration {}", summary.iterations);
    nlohmann::json result{{"iterations", summary.iterations}};
    if (summary.best_accuracy >= 0)
        result["best"] = {{"accuracy", summary.best_accuracy}, {"iteration", summary.best_iteration}};
    return result;
}

}  // namespace digits
