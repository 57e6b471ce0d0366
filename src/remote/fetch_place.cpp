#include "remote/fetch_place.hpp"

namespace digits::remote {

Result<S3Bucket> open_bucket(const std::string& url, FetchGrant grant, std::string& prefix) {
    DIGITS_ASSIGN(auto place, parse_s3_url(url));
    DIGITS_ASSIGN(auto identity, find_aws_identity({}));
    prefix = std::move(place.prefix);
    return S3Bucket::create(std::move(place.bucket), {std::move(identity), S3Addressing::kAuto}, std::move(grant));
}

Result<S3Bucket> open_own_bucket(const std::string& url, std::string& prefix) {
    DIGITS_ASSIGN(const auto identity, find_aws_identity({}));
    FetchGrant grant;
    if (!identity.endpoint.empty()) {
        DIGITS_ASSIGN(const auto endpoint, parse_url(identity.endpoint));
        grant.private_hosts = {endpoint.host};
    }
    return open_bucket(url, std::move(grant), prefix);
}

Status fetch_place(const std::string& url, const std::filesystem::path& file, const FetchLimits& limits) {
    if (!url.starts_with("s3://")) return fetch(url, file, limits);
    std::string key;
    DIGITS_ASSIGN(const auto bucket, open_bucket(url, FetchGrant{true, limits.private_hosts}, key));
    return bucket.get_to(key, file, limits);
}

}  // namespace digits::remote
