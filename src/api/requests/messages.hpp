#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

http::Response json_response(int status, const nlohmann::json& body);
/// RFC 9457, `application/problem+json`.
http::Response problem_response(int status, const Error& error);
/// The same with all faults of the fields of a request, `error` among them.
http::Response problem_response(int status, const Error& error, const std::vector<Error>& faults);
/// One whose code and title are not the error's own.
http::Response problem_response(int status, std::string_view code, std::string_view title, const Error& error);

/// The request's body as a JSON object with only these members. Errors: kUnsupported for another content type,
/// kInvalidArgument with the place.
Result<nlohmann::json> read_object(const http::Request& request, std::initializer_list<const char*> members);
/// The same of a text that came otherwise.
Result<nlohmann::json> parse_object(std::string_view text, std::initializer_list<const char*> members);
/// A text member; an error names its path.
Result<std::string> text_member(const nlohmann::json& object, const char* name, bool required);

/// A whole number of the query, or `fallback`. kInvalidArgument outside [low, high].
Result<std::int64_t> query_number(const http::Request& request, const char* name, std::int64_t fallback,
                                  std::int64_t low, std::int64_t high);

/// A decimal number of the query, where it has one. kInvalidArgument outside [low, high].
Result<std::optional<double>> query_decimal(const http::Request& request, const char* name, double low, double high);

/// The job of the route's `{id}`. `kind`: as in api/jobs/job_kinds.cpp, or empty for any; kNotFound for another kind.
Result<Job> route_job(const http::Request& request, const JobManager& jobs, std::string_view kind = "");

/// An error as workers tell it: `code`, `message`, `where`, `advice`.
Error parse_error(const nlohmann::json& error);

/// A place in the request's body before that of an error that speaks of a part of it: "/spec" + "/image/width".
Error within(Error error, const std::string& place);

}  // namespace digits::api
