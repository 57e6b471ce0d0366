#pragma once

#include <optional>
#include <string>

#include "http/message.hpp"
#include "jobs/job.hpp"

namespace digits::api {

/// Gives an answer that shows a job its ETag: one part for each of name, group and notes, one for all that it shows.
/// If-Match looks at the former only: a training that goes on is not an edit.
void tag_job(http::Response& response, const Job& job);

/// 412, with what was changed meanwhile, when the request's If-Match was taken from an older state of the job.
std::optional<http::Response> refuse_if_edited(const http::Request& request, const Job& job);

/// Tags an answer that has no ETag yet; 304 without body when If-None-Match has it already.
http::Response answer_if_changed(const http::Request& request, http::Response response);

}  // namespace digits::api
