#pragma once

#include <span>
#include <string>

#include "tasks/output.hpp"

namespace digits {

/// Outputs as DIGITS's inference answers have them: `{"softmax": [[0.1, 0.9]]}`, each number with as many digits as it
/// takes to read the same float again. `batch_axis`: with an axis of one image before the others.
std::string outputs_text(std::span<const OutputArray> outputs, bool batch_axis = false);

}  // namespace digits
