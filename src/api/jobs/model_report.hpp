#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "api/context.hpp"
#include "jobs/job.hpp"

namespace digits::api {

/// What a report of a model says, as a worker prints it (src/report/document.hpp): training data, curves, the newest
/// evaluation with its failures, preprocessing, licences. `evaluation`: the id of one that is done; empty: the newest.
/// Errors: kNotFound for it, file errors.
Result<nlohmann::json> model_report(const Job& model, const std::string& evaluation, const Context& context);

}  // namespace digits::api
