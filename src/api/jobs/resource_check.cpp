#include "api/jobs/resource_check.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"
#include "api/requests/messages.hpp"
#include "base/disk_space.hpp"
#include "models/memory_fit.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

MemoryNeed need_of(const json& found) {
    const auto& memory = found.at("memory");
    MemoryNeed need;
    need.needed = memory.at("needed_bytes").get<std::int64_t>();
    need.room = {memory.at("free_bytes").get<std::int64_t>(), memory.at("total_bytes").get<std::int64_t>()};
    need.field = find_enum<BatchField>(memory.at("field").get<std::string>()).value_or(BatchField::kBatchSize);
    need.batch_size = memory.at("batch_size").get<int>();
    if (const auto& largest = memory.at("largest_batch_size"); !largest.is_null())
        need.largest_batch_size = largest.get<int>();
    return need;
}

/// Whether memory will be freed before a new training starts: others run or are queued.
bool others_are_at_work(const Context& context) {
    JobQuery query;
    query.states = {JobState::kInit, JobState::kWait, JobState::kRun};
    query.limit = 1;
    query.brief = true;
    const auto page = context.jobs.list(query);
    return page && page->total > 0;
}

}  // namespace

Status check_resources(const ModelSpec& spec, const JsonPtr& networks, const Context& context) {
    if (const auto there = job_resources(context.options).check_device(spec.device); !there)
        return fail(Error(there.error()).at("/spec/device"));
    const bool known =
        networks && spec.network.python_layers.empty() && !spec.auto_batch_size && !spec.dataset_dir.empty();
    if (!known) return {};
    const json& found = *networks;
    if (!found.contains("memory") || found["memory"].is_null()) return {};
    auto need = need_of(found);
    if (others_are_at_work(context)) need.room.free = need.room.total;
    if (const auto fits = check_memory(need, spec.start_anyway); !fits) return fail(within(fits.error(), "/spec"));
    const auto snapshots = found.value("snapshots_bytes", json());
    if (snapshots.is_number())
        if (const auto space = check_disk_space(context.options.data_dir, snapshots.get<std::int64_t>()); !space)
            return fail(
                Error(space.error()).because("the snapshots of the training do not fit").at("/spec/keep_snapshots"));
    return {};
}

}  // namespace digits::api
