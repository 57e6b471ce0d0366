#pragma once

#include <string>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

/// Answers a list of jobs: state, q, sort, cursor, limit of the query. `kind` empty: as the query says, or all.
Result<http::Response> list_jobs(const http::Request& request, Context& context, std::string kind);

/// Makes a job that belongs to the request's user and answers with it, 201.
Result<http::Response> submit_job(JobRequest job, const http::Request& request, Context& context);

}  // namespace digits::api
