#include <filesystem>
#include <fstream>

#include "engine/device/device.hpp"
#include "engine/solver/train.hpp"
#include "fit_batch.hpp"
#include "models/prepare.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

/// Takes in the validations of earlier attempts, before the iteration at which this one went on.
void add_earlier_best(const std::filesystem::path& event_log, TrainSummary& summary) {
    std::ifstream file(event_log);
    std::string line;
    while (summary.first_iteration > 0 && std::getline(file, line)) {
        const auto event = nlohmann::json::parse(line, nullptr, false);
        if (!event.is_object() || event.value("event", "") != "metrics" || event.value("phase", "") != "val") continue;
        const auto iteration = event.value("iteration", std::int64_t{0});
        if (iteration >= summary.first_iteration) continue;
        const auto values = event.value("values", nlohmann::json::object());
        for (const auto& [name, value] : values.items()) {
            if (!is_accuracy_output(name) || !value.is_number()) continue;
            const auto accuracy = value.get<double>();
            const bool better = accuracy > summary.best_accuracy ||
                                (accuracy == summary.best_accuracy && iteration < summary.best_iteration);
            if (!better) continue;
            summary.best_accuracy = accuracy;
            summary.best_iteration = iteration;
        }
    }
}

}  // namespace

Result<nlohmann::json> run_train_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(auto spec, parse_model_spec(json));
    const Device device = default_device();
    DIGITS_ASSIGN(const auto decision, settle_batch(spec, host.job_dir(), device));
    if (decision) host.emit({{"event", "log"}, {"level", "info"}, {"text", *decision}});
    DIGITS_ASSIGN(const auto prepared, prepare_model(spec, host.job_dir()));
    for (const auto& warning : prepared.warnings)
        host.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
    TrainOptions options;
    options.solver_file = prepared.solver_file;
    options.iterations_per_epoch = static_cast<double>(prepared.facts.iterations_per_epoch);
    for (const auto& weights : spec.weights) options.weights.emplace_back(weights.path);
    options.device = device;
    options.precision = spec.precision;
    if (spec.seed) options.seed = static_cast<std::uint64_t>(*spec.seed);
    options.threads = spec.threads;
    DIGITS_ASSIGN(auto summary, train(options, host));
    if (summary.aborted) return fail(ErrorCode::kCancelled, "aborted at iteration {}", summary.iterations);
    add_earlier_best(host.job_dir() / "tasks" / "train" / "events.jsonl", summary);
    nlohmann::json result{{"iterations", summary.iterations}};
    if (summary.best_accuracy >= 0)
        result["best"] = {{"accuracy", summary.best_accuracy}, {"iteration", summary.best_iteration}};
    return result;
}

}  // namespace digits
