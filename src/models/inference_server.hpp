#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits {

/// The name of the archive's file, as DIGITS calls what it sends.
inline constexpr const char* kSentArchive = "tmp.tgz";

/// Gives an archive to an inference server as DIGITS does: POST ADDRESS/models with the part `model`. Where the server
/// says the model is (`location` of its answer), or its address. Errors: kFailedPrecondition where it refuses;
/// kUnavailable where it does not answer as one; those of HttpClient::send.
Result<std::string> send_to_inference_server(const std::string& address, const std::filesystem::path& archive,
                                             const remote::HttpClient& client, const remote::TransferLimits& limits);

}  // namespace digits
