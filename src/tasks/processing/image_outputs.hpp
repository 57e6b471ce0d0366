#pragma once

#include <span>

#include "base/result.hpp"
#include "image/image.hpp"
#include "tasks/output.hpp"

namespace digits {

/// The image of an output of 1 or 3 x height x width (planes B, G, R; the last such one): values rounded and limited to
/// 0 … 255. Errors: kFailedPrecondition, naming the outputs; that of check_finite().
Result<Image> find_image(std::span<const OutputArray> outputs);

}  // namespace digits
