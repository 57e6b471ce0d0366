#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "image/image.hpp"

namespace digits {

/// A copy of an image, in color, with its answer drawn over it: boxes with class and score, a mask whose class 0 stays
/// clear, the best classes as text. A slope is an arrow. The answer that is an image takes its place; one of other
/// numbers leaves the image as it is. Errors: kDataLoss for an answer whose image cannot be decoded.
Result<Image> draw_answer(const Image& image, const nlohmann::json& answer);

}  // namespace digits
