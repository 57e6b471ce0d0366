#include "api/stores/pulled_models.hpp"

#include "api/resources.hpp"

namespace digits::api {

using nlohmann::json;

std::vector<Job> pulled_models(const Context& context) {
    JobQuery query;
    query.kind = "pretrained";
    query.limit = 500;
    auto page = context.jobs.list(query);
    if (!page) return {};
    std::erase_if(page->jobs, [](const Job& job) { return job.state != JobState::kDone || !job.result; });
    return std::move(page->jobs);
}

json pulled_job(const std::vector<Job>& jobs, const StoreModel& model) {
    const auto source = model.info.value("source", json()), name = model.info.value("name", json());
    for (const auto& job : jobs)
        if (job.result->value("origin", json()) == source && job.result->value("title", json()) == name) return job.id;
    return {};
}

}  // namespace digits::api
