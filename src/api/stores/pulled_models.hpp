#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "api/stores/model_stores.hpp"

namespace digits::api {

struct Context;

/// The pretrained models that are ready, newest first.
std::vector<Job> pulled_models(const Context& context);
/// The id of the newest of `jobs` that was made of this model of a store; null: none.
nlohmann::json pulled_job(const std::vector<Job>& jobs, const StoreModel& model);

}  // namespace digits::api
