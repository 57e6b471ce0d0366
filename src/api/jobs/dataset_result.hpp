#pragma once

#include <optional>

#include "data/dataset_facts.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

/// What a finished dataset's job says of it; none for other jobs and before it is done.
std::optional<DatasetFacts> find_dataset_facts(const Job& job);

/// The labels of the dataset with this id; empty where it is gone.
std::vector<std::string> labels_of_dataset(const std::string& id, const JobManager& jobs);

}  // namespace digits::api
