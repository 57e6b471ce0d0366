#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/grant.hpp"
#include "base/result.hpp"

namespace digits::remote {

/// How long and how much an exchange with another machine may take.
struct TransferLimits {
    std::uint64_t max_bytes = std::uint64_t{32} << 20;  ///< of an answer
    std::chrono::milliseconds timeout = std::chrono::seconds(15);
    /// An answer that comes slower than this for so long ends.
    std::uint64_t least_bytes_per_s = 0;
    std::chrono::seconds slow_for = std::chrono::seconds(20);
    std::function<bool()> cancelled;  ///< asked about once a second, by the thread that waits
    /// Told now and then: bytes of the answer, or of what is sent, so far, and of all of it where that is known, else
    /// 0.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// A key of Amazon's, with which requests are signed (Signature Version 4).
struct AwsKey {
    std::string id;
    std::string secret;
    std::string session_token;  ///< may be empty

    bool is_empty() const { return id.empty(); }
};

/// A field of multipart/form-data: a file, or else a value.
struct FormPart {
    std::string name;
    std::filesystem::path file;
    std::string value;
};

struct HttpRequest {
    std::string method = "GET";  ///< GET, PUT, POST, DELETE
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
    std::string body;                  ///< of PUT and POST
    std::vector<FormPart> parts;       ///< of POST, instead of a body
    AwsKey key;                        ///< empty: not signed
    std::string region;                ///< of the signature
};

struct HttpAnswer {
    long status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string redirect;                        ///< the address that the answer leads to; empty: none
};

/// Takes a part of an answer's body. False where it cannot be kept, as on a full disk.
using BodySink = std::function<bool(std::string_view part)>;

/// Asks other machines over http and https for somebody who may not ask in the server's name for what only the server
/// can reach: no proxy, no redirect that is not looked at, and each connection goes to the very address that was found
/// public, unless its host is one of the grant's private hosts. Connections are kept for the next request. Any number
/// of threads.
class HttpClient {
  public:
    explicit HttpClient(FetchGrant grant);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// `sink` gets the body of an answer with a status of 200 to 299; other bodies go to `refusal`, up to 64 kB of
    /// them. Errors: kInvalidArgument for an address that is not http or https; kPermissionDenied where the grant
    /// forbids it; kTooLarge; kCancelled; kResourceExhausted where the sink fails; kUnavailable.
    Result<HttpAnswer> send(const HttpRequest& request, const TransferLimits& limits, const BodySink& sink,
                            std::string* refusal = nullptr) const;

  private:
    class Handles;
    const FetchGrant grant_;
    const std::unique_ptr<Handles> handles_;
};

struct Url {
    std::string text;
    std::string scheme;
    std::string host;  ///< without the brackets of an IPv6 address
};
/// Errors: kInvalidArgument for what is not an http or https address, or has a user or password.
Result<Url> parse_url(const std::string& text);

/// "a%20b" of "a b", as S3 wants it: all but A-Z a-z 0-9 - _ . ~ is escaped; '/' stays if `keeps_slashes`.
std::string escape_url(std::string_view text, bool keeps_slashes = false);

}  // namespace digits::remote
