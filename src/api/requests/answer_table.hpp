#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace digits::api {

/// Answers as CSV (RFC 4180): a line for each class, box or number that was found. `images`: each the members of its
/// answer and its `name`.
std::string answer_table(const nlohmann::json& images);

}  // namespace digits::api
