#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api/context.hpp"

namespace digits::api {

/// Asks the warm worker of a model. `images` has a member for each path: `predictions` (the `top` best, each `label`,
/// `index`, `probability`) and `error` (null, or why the picture could not be read); `seconds` is the worker's time.
Result<nlohmann::json> classify_pictures(const std::string& model_id, const std::string& weights,
                                         const std::vector<std::string>& paths, std::int64_t top, Context& context);

}  // namespace digits::api
