#pragma once

#include "base/result.hpp"

namespace digits {

/// Starts Python in this process; afterwards no thread holds its lock. It is never ended: threads of libraries may
/// still run then. VIRTUAL_ENV, PYTHONPATH and PYTHONHOME count. Errors: kFailedPrecondition.
Status start_interpreter();

}  // namespace digits
