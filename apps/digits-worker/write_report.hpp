#pragma once

#include <nlohmann/json.hpp>

#include "base/task_context.hpp"

namespace digits {

/// Prints a `report` (report/document.hpp) as `format`, html or pdf, into `file`, with the images that it names.
Result<nlohmann::json> write_report(const nlohmann::json& request, TaskContext& context);

}  // namespace digits
