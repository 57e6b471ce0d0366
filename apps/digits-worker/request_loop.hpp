#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "task_host.hpp"

namespace digits {

/// Answers requests until nothing came for `idle`, or the server says quit. What one request does wrong, be it an
/// exception, is its own answer alone. Returns what the task returns.
Result<nlohmann::json> answer_requests(TaskHost& host, std::chrono::seconds idle,
                                       const std::function<Result<nlohmann::json>(const nlohmann::json&)>& answer);

}  // namespace digits
