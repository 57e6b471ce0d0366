#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "data/sources/scan_limits.hpp"

namespace digits {

/// What datasets a folder holds, by the files in it: `{"folder", "found": [{"format", "title", "task", "folder",
/// "text", "source", "images", "classes", "labels", "channels", "notes"}]}`, the likeliest first. `channels` is 1 where
/// a few of its images are grey, 3 for others, null where none was read. `source` has the options of a
/// spec; it is null where a format is known but not read. Errors: of the folder, kTooLarge over the limits.
Result<nlohmann::json> recognize_folder(const std::string& folder, const std::vector<std::string>& roots,
                                        const ScanLimits& limits = {});

}  // namespace digits
