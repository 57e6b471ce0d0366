#pragma once

#include <string>

#include "http/async.hpp"
#include "jobs/manager.hpp"

namespace digits::api::compat {

/// Goes on once the job has ended or is gone.
http::Async<Status> wait_for_end(std::string id, JobManager& jobs);

}  // namespace digits::api::compat
