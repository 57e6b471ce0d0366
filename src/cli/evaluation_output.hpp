#pragma once

#include <nlohmann/json_fwd.hpp>

namespace digits::cli {

/// The tables of an evaluation's result, for people.
void print_evaluation(const nlohmann::json& found);

}  // namespace digits::cli
