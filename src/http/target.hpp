#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace digits::http {

/// What follows the method in a request line, decoded exactly once.
struct Target {
    std::string path;
    std::vector<std::string> segments;  ///< one with a slash inside came as %2F
    std::vector<std::pair<std::string, std::string>> query;
};

/// Refuses what no honest client sends: `.` and `..` (also encoded), backslashes, control characters, bad UTF-8, bad
/// escapes.
Result<Target> parse_target(std::string_view target);

/// The fields of `a=1&b=2`, decoded, in their order: a query, or a body of application/x-www-form-urlencoded.
/// kInvalidArgument with what is not UTF-8, a bad escape, a zero byte or over `max_fields`.
Result<std::vector<std::pair<std::string, std::string>>> parse_fields(std::string_view text, std::size_t max_fields);

/// For putting a value into a path or a query.
std::string percent_encode(std::string_view text);

}  // namespace digits::http
