#pragma once

#include <cstdlib>

#include "engine/device/python_host.hpp"

namespace digits {

/// Lets this test run Python layers, with the numpy of the project's environment unless another one is active.
inline void use_python_layers() {
    setenv("VIRTUAL_ENV", DIGITS_TEST_ENVIRONMENT, 0);
    allow_python_layers();
}

}  // namespace digits
