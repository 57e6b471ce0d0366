#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "task_host.hpp"

namespace digits {

/// One kind of task each; the returned JSON becomes the `result` event's data (null: none). kCancelled after an abort.
Result<nlohmann::json> run_dataset_task(const nlohmann::json& spec, TaskHost& host);

}  // namespace digits
