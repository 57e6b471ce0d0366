#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits::remote {

/// What a user says about the keys for a bucket. All may be empty.
struct AwsWish {
    std::string profile;  ///< of the files of Amazon's tools
    AwsKey key;
    std::string region;
    std::string endpoint = {};
};

/// As whom a bucket is asked. An empty key: as anybody, unsigned.
struct AwsIdentity {
    AwsKey key;
    std::string region;
    std::string endpoint = {};  ///< of an S3-compatible server; empty: Amazon's
};

/// Where Amazon's tools keep what they know.
struct AwsPlaces {
    std::function<std::string(const char* name)> variable;  ///< of the environment; empty: not set
    std::filesystem::path home;

    static AwsPlaces of_this_process();
};

/// The key that was given, or else the one of the named profile in `~/.aws/credentials`, or else, as Amazon's own tools
/// look, that of the environment (AWS_ACCESS_KEY_ID …) and of the profile "default". The region likewise, with
/// us-east-1 as the last resort, and the endpoint (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, `endpoint_url`). Errors:
/// kInvalidArgument for half a key and for a profile that is not there.
Result<AwsIdentity> find_aws_identity(const AwsWish& wish, const AwsPlaces& places = AwsPlaces::of_this_process());

}  // namespace digits::remote
