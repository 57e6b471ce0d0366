#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits::api {

/// Gives an archive to another server of Digits, where it becomes a pretrained model. `server`: its address. The job
/// there, with its `page`. Errors: kInvalidArgument for another address; kPermissionDenied where this server may not
/// ask it; what the other server says.
Result<nlohmann::json> push_model(const std::string& server, const std::string& name,
                                  const std::filesystem::path& archive, const remote::HttpClient& client,
                                  const remote::TransferLimits& limits);

}  // namespace digits::api
