#pragma once

#include <nlohmann/json_fwd.hpp>

#include "infer/inference.hpp"

namespace digits {

/// Answers `tensors` of docs/formats/specs.md: numbers in, numbers out, as the inference protocol asks for them.
Result<nlohmann::json> answer_tensors(Inference& inference, const nlohmann::json& request);

}  // namespace digits
