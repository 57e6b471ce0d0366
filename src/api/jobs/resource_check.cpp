#include "api/jobs/resource_check.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/job_kinds.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/disk_space.hpp"
#include "base/log.hpp"
#include "frameworks/framework.hpp"
#include "models/memory_fit.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

MemoryNeed need_of(const json& found) {
    const auto& memory = found.at("memory");
    MemoryNeed need;
    need.needed = memory.at("needed_bytes").get<std::int64_t>();
    need.room = {memory.at("free_bytes").get<std::int64_t>(), memory.at("total_bytes").get<std::int64_t>()};
    need.batch_size = found.at("batch_size").get<int>();
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

http::Async<Status> check_resources(ModelSpec spec, const Context& context) {
    if (const auto there = job_resources(context.options).check_device(spec.device); !there)
        co_return fail(Error(there.error()).at("/spec/device"));
    const bool known = spec.network.framework == kDefaultFramework && spec.network.python_layers.empty() &&
                       !spec.auto_batch_size && !spec.dataset_dir.empty();
    if (!known) co_return Status();
    auto question = describe_question(spec, context);
    const auto answer = co_await assist(std::move(question), context);
    if (!answer) {
        log_warning("how much memory a training needs is not known: {}", answer.error().to_string());
        co_return Status();
    }
    const json& found = **answer;
    if (!found.contains("memory") || found["memory"].is_null()) co_return Status();
    auto need = need_of(found);
    if (others_are_at_work(context)) need.room.free = need.room.total;
    if (const auto fits = check_memory(need, spec.start_anyway); !fits) co_return fail(within(fits.error(), "/spec"));
    const auto snapshots = found.value("snapshots_bytes", json());
    if (snapshots.is_number())
        if (const auto space = check_disk_space(context.options.data_dir, snapshots.get<std::int64_t>()); !space)
            co_return fail(
                Error(space.error()).because("the snapshots of the training do not fit").at("/spec/keep_snapshots"));
    co_return Status();
}

}  // namespace digits::api
