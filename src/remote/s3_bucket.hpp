#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "remote/aws_identity.hpp"
#include "remote/http_client.hpp"

namespace digits {

/// Where addresses have the name of the bucket.
enum class S3Addressing {
    kAuto,         ///< in the path where an endpoint is given, else in the host
    kPath,         ///< https://endpoint/bucket/key
    kVirtualHost,  ///< https://bucket.endpoint/key
};
template <>
struct EnumNames<S3Addressing> {
    static constexpr std::array<std::pair<S3Addressing, std::string_view>, 3> kNames{
        {{S3Addressing::kAuto, "auto"}, {S3Addressing::kPath, "path"}, {S3Addressing::kVirtualHost, "host"}}};
};

}  // namespace digits

namespace digits::remote {

struct S3Place {
    std::string bucket;
    std::string prefix;  ///< without a slash at its beginning; may be empty
};
/// Of "s3://bucket/prefix". Errors: kInvalidArgument.
Result<S3Place> parse_s3_url(const std::string& url);

struct S3Options {
    AwsIdentity identity;  ///< without an endpoint: Amazon's for the region
    S3Addressing addressing = S3Addressing::kAuto;
};

struct S3Object {
    std::string key;
    std::uint64_t size = 0;
};

/// The objects of one bucket of an S3-compatible server. Requests are repeated where the server is busy or not reached.
/// Errors of all members, in words of the bucket: kNotFound, kPermissionDenied (also for the clock), kInvalidArgument
/// (another region), kUnavailable, and those of HttpClient. Any number of threads.
class S3Bucket {
  public:
    /// Errors: kInvalidArgument for an invalid name or endpoint.
    static Result<S3Bucket> create(std::string bucket, S3Options options, FetchGrant grant);

    /// Hands out the objects whose keys begin with `prefix`, page by page, until `add` fails. kDataLoss for a listing
    /// that goes round or says nothing.
    Status list(const std::string& prefix, const std::function<Status(S3Object)>& add,
                const TransferLimits& limits) const;
    /// `limits` are those of one try.
    Result<std::string> get(const std::string& key, const TransferLimits& limits) const;
    /// Into a file. No object may be over `limits.max_bytes`.
    Status get_to(const std::string& key, const std::filesystem::path& file, const TransferLimits& limits) const;
    /// A file, in parts where it is large: there is never a part of an object. `sent` is told the bytes so far.
    Status put(const std::string& key, const std::filesystem::path& file, const TransferLimits& limits,
               const std::function<void(std::uint64_t)>& sent = {}) const;

    /// "s3://bucket/key"
    std::string address(std::string_view key) const;

  private:
    struct Exchange;
    S3Bucket(std::string bucket, S3Options options, FetchGrant grant);
    std::string url_of(std::string_view key) const;
    Result<HttpAnswer> ask(Exchange exchange) const;
    Status put_in_parts(const std::string& key, std::ifstream& file, std::uint64_t size, const TransferLimits& limits,
                        const std::function<void(std::uint64_t)>& sent) const;
    Error error_of(const HttpAnswer& answer, const std::string& body, std::string_view key) const;

    std::string bucket_;
    S3Options options_;
    std::shared_ptr<const HttpClient> client_;
};

}  // namespace digits::remote
