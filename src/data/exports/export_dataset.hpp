#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/task_context.hpp"
#include "data/exports/export_spec.hpp"

namespace digits {

/// Whether a task may write this new folder, or one beside it: inside the grant's roots and not among the server's own
/// files. Errors: kPermissionDenied at `where`.
Status check_new_folder(const std::string& folder, const char* where, const TaskContext& context);

/// Writes the dataset of a folder in a format: to `spec.folder`, which must be inside the grant's roots, or to a tar
/// file in the job's folder. Returns what was written: format, folder or file, counts by split, bytes. Nothing is left
/// of what ends early. Errors: kInvalidArgument, kPermissionDenied, kFailedPrecondition for a folder with something in
/// it, kCancelled, kResourceExhausted (disk), kDataLoss of damaged records.
Result<nlohmann::json> export_dataset(const ExportSpec& spec, const std::filesystem::path& dataset,
                                      TaskContext& context);

}  // namespace digits
