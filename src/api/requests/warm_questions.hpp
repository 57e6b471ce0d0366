#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/context.hpp"
#include "http/async.hpp"

namespace digits::api {

/// How many workers of each kind may be kept.
std::map<std::string, int> warm_worker_limits();

/// A question to a worker that knows no job (docs/formats/specs.md#assist). Questions that take long, and trainings
/// that are measured, have workers of their own, so that they do not delay the others.
WarmRequest assist_request(const nlohmann::json& question, const Context& context);

/// A question to a worker that has a model loaded. `weights`: a file in the model's folder, empty: the newest
/// snapshot. kInvalidArgument if the job is not a model.
Result<WarmRequest> infer_request(const std::string& model_id, const std::string& weights,
                                  const nlohmann::json& question, const Context& context);

/// Both, and wait for the answer. A client that leaves cancels the question.
http::Async<Result<JsonPtr>> assist(nlohmann::json question, const Context& context);
http::Async<Result<JsonPtr>> infer(std::string model_id, std::string weights, nlohmann::json question,
                                   const Context& context);

}  // namespace digits::api
