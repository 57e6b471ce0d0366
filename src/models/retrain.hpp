#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// A network's text for a start from its own weights on another dataset: the last InnerProduct layer gets another name
/// (`fc8_retrain`), so that it starts anew, as DIGITS does. Errors: kInvalidArgument for a text that cannot be read.
Result<std::string> renamed_for_retraining(std::string_view prototxt);

}  // namespace digits
