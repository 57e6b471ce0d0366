#include <algorithm>

#include "data/dataset_facts.hpp"
#include "engine/device/device.hpp"
#include "engine/solver/train.hpp"
#include "fit_batch.hpp"
#include "frameworks/framework.hpp"
#include "memory_need.hpp"
#include "models/prepare.hpp"
#include "tasks.hpp"
#include "tasks/task.hpp"

namespace digits {
namespace {

/// Refuses what cannot fit, before memory runs out and the kernel chooses whom to end. What is wrong with the network
/// is told by those who build it; what Python layers take is not known.
Status check_room(const ModelSpec& spec, const caffe::NetParameter& network, const Device& device) {
    if (!spec.network.python_layers.empty()) return {};
    const auto check = check_model(spec, network);
    if (!check.ok() || !check.files) return {};
    const auto need = memory_need(check, spec.precision, device);
    return need ? check_memory(*need, spec.start_anyway) : Status();
}

}  // namespace

Result<nlohmann::json> run_train_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(auto spec, parse_stored_model_spec(json));
    spec.dataset_dir = host.grant().dataset_dir;
    DIGITS_ASSIGN(const auto* framework, get_framework(spec.network.framework));
    if (!framework->is_built_by_worker())
        return fail(ErrorCode::kUnsupported, "This worker cannot train networks of {}.", framework->title());
    const Device device = default_device();
    DIGITS_ASSIGN(const auto network, parse_network(spec));
    DIGITS_ASSIGN(const auto decision, settle_batch(spec, network, host.job_dir(), device));
    if (decision) host.emit({{"event", "log"}, {"level", "info"}, {"text", *decision}});
    DIGITS_TRY(check_room(spec, network, device));
    DIGITS_ASSIGN(auto prepared, prepare_model(spec, network, host.job_dir(), host.grant().roots));
    for (const auto& warning : prepared.warnings)
        host.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
    TrainOptions options;
    options.solver_file = prepared.solver_file;
    options.solver = std::move(prepared.solver);
    options.task = prepared.task;
    options.iterations_per_epoch = static_cast<double>(prepared.facts.iterations_per_epoch);
    const auto event_log = host.job_dir() / "tasks" / "train" / "events.jsonl";
    if (!spec.keep_all_snapshots) options.keep_newest = spec.keep_snapshots;
    options.event_log = event_log;
    options.patience = spec.early_stopping.patience;
    options.stop_metric = spec.early_stopping.metric;
    for (const auto& weights : spec.weights) options.weights.emplace_back(weights.path);
    options.restarts_differing = std::ranges::any_of(spec.weights, &WeightsSpec::transfer);
    options.device = device;
    options.precision = spec.precision;
    if (spec.seed) options.seed = static_cast<std::uint64_t>(*spec.seed);
    options.threads = spec.threads;
    options.validates_whole_sets = true;
    options.measures = (*get_task(prepared.task))->measures();
    if (const auto facts = read_dataset_facts(spec.dataset_dir)) options.classes = facts->labels;
    DIGITS_ASSIGN(auto summary, train(options, host));
    if (summary.aborted) return fail(ErrorCode::kCancelled, "aborted at iteration {}", summary.iterations);
    summary.validations.add_events(event_log, summary.first_iteration);
    nlohmann::json result{{"iterations", summary.iterations}};
    if (summary.stopped_early) result["stopped_early"] = true;
    const auto judge = (*get_task(prepared.task))->judge(summary.validations.names());
    if (const auto best = judge ? summary.validations.best(*judge) : std::nullopt)
        result["best"] = {{judge->name, best->value}, {"metric", judge->name}, {"iteration", best->iteration}};
    return result;
}

}  // namespace digits
