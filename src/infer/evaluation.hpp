#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"
#include "base/task_context.hpp"
#include "data/evaluation_spec.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// Asks the snapshot that the context's grant names about every image of a source, in batches, and leaves in the job's
/// folder `predictions.csv`, `evaluation.json`, `unreadable.txt` and the tables behind the pages
/// (docs/formats/specs.md). Memory does not grow with the number of images. The result: what evaluation.json says in
/// short. Errors: kCancelled, and those of the predictor and the source. `framework`: of the model.
Result<nlohmann::json> evaluate(const EvaluationSpec& spec, const std::string& framework, Device device,
                                TaskContext& context);

}  // namespace digits
