#pragma once

#include <string>

#include "data/sources/remote/remote_images.hpp"
#include "remote/s3_bucket.hpp"

namespace digits {

/// A bucket of an S3-compatible server, with a folder a class below a prefix; docs/datasets.md.
struct S3Options final : RemoteClassOptions {
    std::string url;  ///< "s3://bucket/prefix"
    std::string endpoint;
    std::string region;
    S3Addressing addressing = S3Addressing::kAuto;
    std::string profile;
    std::string access_key;
    std::string secret_key;  ///< never in a stored spec

    Status validate(const std::string& where) const;
};

extern const SourceKind kS3;

}  // namespace digits
