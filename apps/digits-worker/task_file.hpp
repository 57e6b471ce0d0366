#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"

namespace digits {

/// What `task.json` asks for.
struct TaskFile {
    std::string kind;
    nlohmann::json spec;
    bool allow_python_layers = false;  ///< said by the server; specs come from users
};

Result<TaskFile> read_task_file(const std::filesystem::path& task_dir);

}  // namespace digits
