#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"

namespace digits {

/// The names of classes by their number, one a line: `labels.txt` and what people give. White space at the end of a
/// line and empty lines at the end of the file do not count. Errors: kInvalidArgument for a name of more than 1000
/// bytes, kTooLarge, kPermissionDenied outside `roots`.
Result<std::vector<std::string>> read_labels(const std::filesystem::path& file, const ReadableRoots& roots = {});
Status write_labels(const std::filesystem::path& file, const std::vector<std::string>& labels);

}  // namespace digits
