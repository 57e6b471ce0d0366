#pragma once

#include <string>

#include "api/context.hpp"
#include "http/message.hpp"

namespace digits::api {

/// A file of a job's folder, as text where it is one, never as a page that could run. kNotFound, kPermissionDenied.
Result<http::Response> job_file(const std::string& id, const std::string& path_in_job, const Context& context);

}  // namespace digits::api
