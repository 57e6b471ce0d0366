#pragma once

#include "api/compat/forms/arguments.hpp"

namespace digits::api::compat {

/// POST /models/visualize-lr: how each of the form's learning rates changes, at 0 to 100 % of a training.
Result<http::Response> preview_learning_rates(const Arguments& arguments);

}  // namespace digits::api::compat
