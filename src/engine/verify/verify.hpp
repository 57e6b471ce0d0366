#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/net/blob.hpp"

namespace digits {

struct VerifyOptions {
    /// The folder for every computed array, as `<dump>/<case>/<the reference's file name>.npy`.
    std::optional<std::filesystem::path> dump;
    Device device;
    bool generic_kernels = false;
};

/// The outcome of one case folder (docs/formats/golden-cases.md). `worst` is the largest |got − want| / (1 + |want|).
struct CaseReport {
    std::string name, area;
    int compared = 0;
    double worst = 0, tolerance = 0;
    std::string worst_file;
    /// The error messages; empty if the case passed.
    std::string problem;
    bool passed() const { return problem.empty(); }
};

/// Runs one case. A network that cannot be built is a problem of the report, too.
CaseReport verify_case(const std::filesystem::path& dir, const VerifyOptions& options);

/// Runs the cases `dirs` (folders of cases are searched for them), prints a table and a sum. True if all passed.
Result<bool> verify(const std::vector<std::filesystem::path>& dirs, const VerifyOptions& options, std::ostream& out);

}  // namespace digits
