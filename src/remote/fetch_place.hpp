#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "remote/fetch.hpp"
#include "remote/s3_bucket.hpp"

namespace digits::remote {

/// The bucket of an address such as "s3://bucket/prefix", asked as Amazon's own tools would ask it: with the keys,
/// region and endpoint of the environment. `prefix` gets what follows the bucket's name.
Result<S3Bucket> open_bucket(const std::string& url, FetchGrant grant, std::string& prefix);

/// The same for a person at a command line, who may ask whatever this machine reaches.
Result<S3Bucket> open_own_bucket(const std::string& url, std::string& prefix);

/// fetch(), also of an object of a bucket: "s3://bucket/key".
Status fetch_place(const std::string& url, const std::filesystem::path& file, const FetchLimits& limits);

}  // namespace digits::remote
