#pragma once

#include <string>

#include "jobs/manager.hpp"

namespace digits::api::compat {

/// Returns once the job has ended or is gone. Errors: kUnavailable when it does not for long.
Status wait_for_end(const std::string& id, JobManager& jobs);

}  // namespace digits::api::compat
