#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

/// What datasets a folder holds, by the files in it: `{"folder", "found": [{"format", "title", "task", "folder",
/// "text", "source", "images", "classes", "labels", "notes"}]}`, the likeliest first. `source` has the options of a
/// spec; it is null where a format is known but not read. Errors: of the folder, kTooLarge over the limits.
Result<nlohmann::json> recognize_folder(const std::string& folder, const std::vector<std::string>& roots,
                                        const ScanLimits& limits = {});

}  // namespace digits
