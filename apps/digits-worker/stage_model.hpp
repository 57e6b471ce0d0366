#pragma once

#include <nlohmann/json.hpp>

#include "base/task_context.hpp"

namespace digits {

/// Makes of a model that others hand over (an archive, or a folder with deploy.prototxt and weights) a folder that
/// `infer` opens. The request has `model` and `folder`, an empty one; the answer names the `weights`. Errors:
/// kInvalidArgument for files that do not belong together, those of archives.
Result<nlohmann::json> stage_model(const nlohmann::json& request, TaskContext& context);

}  // namespace digits
