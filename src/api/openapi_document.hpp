#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits::api {

/// The OpenAPI document of /api/v1: routes and answers from openapi.json, the schemas of specs from the declarations of
/// their fields. Made when it is first asked for.
const std::string& openapi_document();

/// The fields of a spec ("dataset", "model", "evaluation") as forms show them. Errors: kNotFound.
Result<nlohmann::json> form_document(std::string_view kind);

}  // namespace digits::api
