#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// What `POST /networks/describe` answers (docs/api.md): the request has `spec` (of a model), `image` and `classes` for
/// want of a dataset, and `measure`: whether to try how fast this machine trains it. `roots`: as check_network_files.
Result<nlohmann::json> describe_network(const nlohmann::json& request, const std::vector<std::string>& roots);

}  // namespace digits
