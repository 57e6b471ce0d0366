#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/task_context.hpp"
#include "data/dataset_spec.hpp"

namespace digits {

/// Makes a whole dataset in the job's folder: lists, databases, mean, and last `dataset.json`, which is also the
/// result. An image that cannot be read is listed in `unreadable.txt` and left out. What an earlier try left is
/// removed first. Errors: kInvalidArgument (spec or sources), kCancelled, kResourceExhausted (disk), kDataLoss when no
/// image is readable.
Result<nlohmann::json> build_dataset(const DatasetSpec& spec, TaskContext& context);

/// What building would give by the names of the files alone: labels, splits with counts per class, and warnings.
Result<nlohmann::json> scan_dataset(const DatasetSpec& spec, const ScanLimits& limits = {});

}  // namespace digits
