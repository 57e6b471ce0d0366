#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/session.hpp"

namespace digits::cli {

/// What creating a job may be asked for besides the job.
struct CreateOptions {
    std::string name, group;
    bool detach = false;
    bool print_id = false;
};

/// Creates a job at `path` ("/datasets"), follows it unless detached, and prints the outcome.
Status create_job(const std::string& path, const nlohmann::json& spec, const CreateOptions& create, Session& session,
                  const CommonOptions& options);

/// A few lines for people.
std::string job_text(const nlohmann::json& job);

}  // namespace digits::cli
