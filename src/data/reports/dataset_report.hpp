#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>

#include "data/dataset_spec.hpp"

namespace digits {

/// What is to be known of a dataset before it is made, from reading its pictures: those that cannot be read, how even
/// the classes are, equal pictures, and what it will take (docs/api.md says the members). Reads for about `budget`:
/// where that is too short for all pictures, a sample, and says so. Errors: those of the sources.
Result<nlohmann::json> report_dataset(const DatasetSpec& spec, std::chrono::milliseconds budget);

}  // namespace digits
