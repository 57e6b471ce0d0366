#pragma once

#include <string>

#include "base/result.hpp"

namespace digits {

/// Whether a job may have this name. Errors: kInvalidArgument at "/name".
Status check_job_name(const std::string& name);

}  // namespace digits
