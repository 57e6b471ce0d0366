#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/job_output.hpp"

namespace digits::cli {

/// Trains on a folder without further questions: asks the server what it is and what to do, says why, makes the
/// dataset, trains, tests on the validation set and tells the result. `changes`: members of the model's spec that the
/// user chose.
Status train_folder(const std::string& folder, const CreateOptions& create, const nlohmann::json& changes,
                    Session& session, const CommonOptions& options);

}  // namespace digits::cli
