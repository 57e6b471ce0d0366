#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits::remote {

struct FetchLimits : TransferLimits {
    int max_redirects = 3;    ///< `timeout` is for all of them together
    bool https_only = false;  ///< redirects included
    /// Hosts, as URLs name them, that may be on this machine or in its own networks.
    std::vector<std::string> private_hosts;
};

/// Passes the content of `url` to `sink`, also where the address leads on to another. Errors as below.
Status fetch(const HttpClient& client, const std::string& url, const FetchLimits& limits, const BodySink& sink);

/// Writes the content of `url` into `file`, for somebody who may not ask in the server's name for what only the server
/// can reach: as HttpClient, also for each redirect. Errors: kInvalidArgument for another URL; kPermissionDenied for an
/// address that is not public; kTooLarge; kCancelled; kNotFound or kUnavailable where the other side has nothing or
/// does not answer in time.
Status fetch(const std::string& url, const std::filesystem::path& file, const FetchLimits& limits);

}  // namespace digits::remote
