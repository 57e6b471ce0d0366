#pragma once

#include "base/python_interface.hpp"

namespace digits {

/// Lets networks of this process run Python code from now on. The starter of the process decides it, never a network.
void allow_python_layers();

/// The process's Python, loaded and started at the first call. Errors: kPermissionDenied unless allowed;
/// kFailedPrecondition when the library, Python or numpy is missing.
Result<PythonRuntime*> python_runtime();

}  // namespace digits
