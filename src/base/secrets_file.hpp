#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace digits {

/// The secrets of a job's spec (take_secrets), in `uploads/` of its folder until the job has done its work. It is never
/// served.
inline constexpr const char* kSecretsFile = "secrets.json";

/// Puts them back into the spec that a worker reads. Errors: kDataLoss.
Status put_back_secrets(nlohmann::json& spec, const std::filesystem::path& job_dir);
void remove_secrets(const std::filesystem::path& job_dir);

}  // namespace digits
