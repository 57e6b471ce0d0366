#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/task_context.hpp"
#include "task_host.hpp"

namespace digits {

/// One request's answer. What takes long looks at `context.abort_requested()`, which tells that the request was
/// cancelled, and then returns kCancelled.
using AnswerFunction = std::function<Result<nlohmann::json>(const nlohmann::json& request, TaskContext& context)>;

/// Answers requests until nothing came for `idle`, or the server says quit. What one request does wrong, be it an
/// exception, is its own answer alone. Returns what the task returns.
Result<nlohmann::json> answer_requests(TaskHost& host, std::chrono::seconds idle, const AnswerFunction& answer);

}  // namespace digits
