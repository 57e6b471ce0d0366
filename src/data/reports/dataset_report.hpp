#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>

#include "data/dataset_spec.hpp"

namespace digits {

/// What is to be known of a dataset before it is made, from reading its images: those that cannot be read, how even
/// the classes are, equal images, and what it will take (docs/api.md says the members). Reads for about `budget`:
/// where that is too short for all images, a sample, and says so. Errors: those of the sources.
Result<nlohmann::json> report_dataset(const DatasetSpec& spec, std::chrono::milliseconds budget,
                                      const ScanLimits& limits = {});

}  // namespace digits
