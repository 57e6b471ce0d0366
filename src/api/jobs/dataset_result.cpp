#include "api/jobs/dataset_result.hpp"

#include <nlohmann/json.hpp>

namespace digits::api {

std::optional<DatasetFacts> find_dataset_facts(const Job& job) {
    if (job.kind != "dataset" || !job.result) return std::nullopt;
    auto facts = parse_dataset_facts(*job.result);
    return facts ? std::optional(std::move(*facts)) : std::nullopt;
}

std::vector<std::string> labels_of_dataset(const std::string& id, const JobManager& jobs) {
    const auto job = jobs.get(id);
    auto facts = job ? find_dataset_facts(*job) : std::nullopt;
    return facts ? std::move(facts->labels) : std::vector<std::string>{};
}

}  // namespace digits::api
