#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

struct ProgramEnd {
    int exit_code = 0;  ///< that of a shell: 128 + n after signal n
    std::string output, errors;

    /// Python's sentence about what went wrong.
    std::string last_error_line() const;
};

/// Runs a Python file with the Python that DIGITS_PYTHON names, else the one of DIGITS_DEPS, else python3. What it says
/// goes to files beside it. Errors: kNotFound without such a program; kUnavailable when it takes longer than a minute.
Result<ProgramEnd> run_python(const std::filesystem::path& file, const std::vector<std::string>& arguments);

}  // namespace digits
