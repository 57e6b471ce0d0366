#pragma once

#include <optional>
#include <string>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

/// Answers a list of jobs: state, q, sort, cursor, limit of the query. `kind` empty: as the query says, or all.
Result<http::Response> list_jobs(const http::Request& request, Context& context, std::string kind);

/// Makes a job that belongs to the request's user and answers with it, 201. The request's `Idempotency-Key` is kept
/// with the job.
Result<http::Response> submit_job(JobRequest job, const http::Request& request, Context& context);

/// The answer to a request whose job was made before, but whose answer was not kept: the server was ended between the
/// two. kInvalidArgument where the key came with another request.
Result<std::optional<http::Response>> answer_of_made(const http::Request& request, const Context& context);

}  // namespace digits::api
