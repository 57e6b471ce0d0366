#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits::http {

struct FetchLimits {
    std::uint64_t max_bytes = std::uint64_t{32} << 20;
    std::chrono::milliseconds timeout = std::chrono::seconds(15);  ///< redirects included
    int max_redirects = 3;
    bool https_only = false;  ///< redirects included
    /// Hosts, as URLs name them, that may lie on this machine or in its own networks.
    std::vector<std::string> private_hosts;
};

/// Whether an IPv4 or IPv6 address is one of the public Internet: neither of this machine, of private or local
/// networks, of several machines, nor reserved (IANA's special-purpose registries). False for what is no address.
bool is_public_address(std::string_view address);

/// Writes what lies at `url` into `file`, for somebody who may not ask in the server's name for what only the server
/// can reach: http and https only, no proxy, and each connection, also of a redirect, goes to the very address that was
/// found public. Errors: kInvalidArgument for another URL; kPermissionDenied for an address that is not public;
/// kTooLarge; kNotFound or kUnavailable where the other side has nothing or does not answer in time.
Status fetch(const std::string& url, const std::filesystem::path& file, const FetchLimits& limits);

}  // namespace digits::http
