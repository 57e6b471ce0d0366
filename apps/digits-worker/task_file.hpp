#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/grant.hpp"
#include "base/result.hpp"

namespace digits {

/// What `task.json` asks for: docs/formats/worker-protocol.md.
struct TaskFile {
    std::string kind;
    nlohmann::json spec;  ///< the user's
    Grant grant;          ///< the server's
};

/// Reads format 2, and format 1, which had the grant's members in the spec. Errors: kInvalidArgument or kUnsupported
/// with the file, and below it the place.
Result<TaskFile> read_task_file(const std::filesystem::path& task_dir);

}  // namespace digits
