#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api {

/// Asks the warm worker of a model. `images` has a member for each path: `predictions` (the `top` best, each `label`,
/// `index`, `probability`) and `error` (null, or why the image could not be read); `seconds` is the worker's time.
http::Async<Result<nlohmann::json>> classify_images(std::string model_id, std::string weights,
                                                    std::vector<std::string> paths, std::int64_t top,
                                                    const Context& context);

}  // namespace digits::api
