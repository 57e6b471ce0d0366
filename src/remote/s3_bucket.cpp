#include "remote/s3_bucket.hpp"

#include <algorithm>
#include <fstream>
#include <pugixml.hpp>
#include <system_error>
#include <thread>

#include "base/sha256.hpp"
#include "remote/s3_listing.hpp"

namespace digits::remote {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMostListing_bytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kPart_bytes = std::uint64_t{32} << 20;
constexpr int kMostTries = 3;
constexpr int kMostEmptyPages = 100;
constexpr auto kFirstPause = std::chrono::milliseconds(200);

std::string sha256_of(std::string_view bytes) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

bool is_bucket_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    };
    return name.size() >= 3 && name.size() <= 255 && name.front() != '.' && std::ranges::all_of(name, fits);
}

/// A name that can be a part of a host's, also in a certificate.
bool is_host_label(std::string_view name) {
    return name.size() <= 63 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

bool is_passing(long status) { return status == 500 || status == 502 || status == 503 || status == 504; }

bool is_fine(long status) { return status >= 200 && status < 300; }

Status pause(std::chrono::milliseconds time, const TransferLimits& limits) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
        if (limits.cancelled && limits.cancelled()) return fail(ErrorCode::kCancelled, "stopped");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return {};
}

}  // namespace

/// A request for an object, or for the bucket where the key is empty.
struct S3Bucket::Exchange {
    std::string method = "GET";
    std::string_view key;
    std::string query;  ///< its parameters in the order of their names, each with a '='
    std::string body;
    const TransferLimits& limits;
    BodySink sink;
    std::function<void()> begin_anew{};  ///< forgets what the sink got from a try that failed
};

Result<S3Place> parse_s3_url(const std::string& url) {
    constexpr std::string_view kScheme = "s3://";
    const auto wrong = [&] {
        return fail(ErrorCode::kInvalidArgument, "the address must be a bucket such as s3://bucket/folder; got \"{}\"",
                    url.substr(0, 200));
    };
    if (!url.starts_with(kScheme)) return wrong();
    const auto rest = url.substr(kScheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    S3Place place{rest.substr(0, slash), slash < rest.size() ? rest.substr(slash + 1) : ""};
    if (!is_bucket_name(place.bucket) || place.prefix.find('\0') != std::string::npos) return wrong();
    return place;
}

Result<S3Bucket> S3Bucket::create(std::string bucket, S3Options options, FetchGrant grant) {
    if (!is_bucket_name(bucket))
        return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a name of a bucket", bucket.substr(0, 100));
    if (!is_host_label(options.identity.region))
        return fail(ErrorCode::kInvalidArgument, "\"{}\" is not the name of a region; give one such as eu-west-1",
                    options.identity.region.substr(0, 100));
    const bool of_amazon = options.identity.endpoint.empty();
    if (of_amazon) options.identity.endpoint = fmt::format("https://s3.{}.amazonaws.com", options.identity.region);
    while (options.identity.endpoint.ends_with('/')) options.identity.endpoint.pop_back();
    DIGITS_ASSIGN(const auto url, parse_url(options.identity.endpoint));
    if (options.identity.endpoint.find_first_of("?#") != std::string::npos)
        return fail(ErrorCode::kInvalidArgument,
                    "the endpoint must be one such as https://storage.example:9000; got \"{}\"",
                    options.identity.endpoint.substr(0, 200));
    if (options.addressing == S3Addressing::kAuto)
        options.addressing = of_amazon && is_host_label(bucket) ? S3Addressing::kVirtualHost : S3Addressing::kPath;
    if (options.addressing == S3Addressing::kVirtualHost && !is_host_label(bucket))
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the bucket's name \"{}\" cannot be a part of a host name", bucket)
                .advise("Choose path addressing"));
    return S3Bucket(std::move(bucket), std::move(options), std::move(grant));
}

S3Bucket::S3Bucket(std::string bucket, S3Options options, FetchGrant grant)
    : bucket_(std::move(bucket)),
      options_(std::move(options)),
      client_(std::make_shared<const HttpClient>(std::move(grant))) {}

std::string S3Bucket::address(std::string_view key) const { return fmt::format("s3://{}/{}", bucket_, key); }

std::string S3Bucket::url_of(std::string_view key) const {
    const auto path = escape_url(key, true);
    if (options_.addressing == S3Addressing::kPath)
        return fmt::format("{}/{}/{}", options_.identity.endpoint, bucket_, path);
    const auto begin = options_.identity.endpoint.find("://") + 3;
    return fmt::format("{}{}.{}/{}", options_.identity.endpoint.substr(0, begin), bucket_,
                       options_.identity.endpoint.substr(begin), path);
}

Error S3Bucket::error_of(const HttpAnswer& answer, const std::string& body, std::string_view key) const {
    pugi::xml_document document;
    document.load_buffer(body.data(), body.size());
    const auto told = document.child("Error");
    const std::string_view code = told.child_value("Code");
    const auto what = key.empty() ? "the bucket " + bucket_ : address(key);
    const auto& endpoint = options_.identity.endpoint;
    const auto header = answer.headers.find("x-amz-bucket-region");
    const std::string region =
        header != answer.headers.end() ? header->second : std::string(told.child_value("Region"));
    if (!region.empty() && region != options_.identity.region && answer.status != 403 && answer.status != 404)
        return make_error(ErrorCode::kInvalidArgument, "the bucket {} is in the region {}, not in {}", bucket_,
                          region.substr(0, 60), options_.identity.region)
            .advise("Give its region");
    if (answer.status >= 300 && answer.status < 400)
        return make_error(ErrorCode::kInvalidArgument, "{} leads elsewhere for the bucket {}, which is not followed",
                          endpoint, bucket_)
            .advise("Give the bucket's own endpoint and region");
    if (code == "NoSuchBucket") return make_error(ErrorCode::kNotFound, "{} has no bucket {}", endpoint, bucket_);
    if (code == "RequestTimeTooSkewed" || code == "RequestExpired")
        return make_error(ErrorCode::kPermissionDenied, "the clock of this machine differs from that of {}", endpoint)
            .advise("Set this machine's clock");
    if (code == "InvalidAccessKeyId")
        return make_error(ErrorCode::kPermissionDenied, "{} does not know the access key", endpoint);
    if (code == "SignatureDoesNotMatch")
        return make_error(ErrorCode::kPermissionDenied, "the secret key does not fit the access key, says {}",
                          endpoint);
    if (code == "ExpiredToken" || code == "InvalidToken")
        return make_error(ErrorCode::kPermissionDenied, "{} no longer takes the session token of the keys", endpoint)
            .advise("Renew the keys");
    if (answer.status == 404) return make_error(ErrorCode::kNotFound, "there is no {}", what);
    if (answer.status == 401 || answer.status == 403)
        return make_error(ErrorCode::kPermissionDenied, "{} denies access to {}", endpoint, what)
            .advise(options_.identity.key.is_empty() ? "Give a profile or keys that may read it"
                                                     : "Check what the key may do");
    return make_error(is_passing(answer.status) ? ErrorCode::kUnavailable : ErrorCode::kDataLoss,
                      "{} answered with HTTP status {} {} for {}", endpoint, answer.status, code.substr(0, 60), what);
}

Result<HttpAnswer> S3Bucket::ask(Exchange exchange) const {
    HttpRequest request;
    request.method = std::move(exchange.method);
    request.url = url_of(exchange.key) + (exchange.query.empty() ? "" : "?" + exchange.query);
    request.body = std::move(exchange.body);
    request.key = options_.identity.key;
    request.region = options_.identity.region;
    if (!request.key.is_empty()) request.headers.push_back("x-amz-content-sha256: " + sha256_of(request.body));
    auto wait = kFirstPause;
    for (int tries = 1;; ++tries) {
        std::string refusal;
        auto answer = client_->send(request, exchange.limits, exchange.sink, &refusal);
        if (answer && is_fine(answer->status)) return answer;
        auto error = answer ? error_of(*answer, refusal, exchange.key) : std::move(answer).error();
        if (error.code != ErrorCode::kUnavailable || tries == kMostTries) return fail(std::move(error));
        DIGITS_TRY(pause(wait, exchange.limits));
        wait *= 4;
        if (exchange.begin_anew) exchange.begin_anew();
    }
}

Status S3Bucket::list(const std::string& prefix, const std::function<Status(S3Object)>& add,
                      const TransferLimits& limits) const {
    auto of_page = limits;
    of_page.max_bytes = kMostListing_bytes;
    std::string token;
    for (int empty_pages = 0; empty_pages < kMostEmptyPages;) {
        std::string text;
        const auto query =
            fmt::format("{}encoding-type=url&list-type=2&max-keys=1000&prefix={}",
                        token.empty() ? "" : "continuation-token=" + escape_url(token) + "&", escape_url(prefix));
        const auto take = [&](std::string_view part) {
            text += part;
            return true;
        };
        DIGITS_TRY(ask({.key = "", .query = query, .body = "", .limits = of_page, .sink = take, .begin_anew = [&] {
                            text.clear();
                        }}));
        DIGITS_ASSIGN(auto page, parse_s3_listing(text, address(prefix)));
        for (auto& object : page.objects) DIGITS_TRY(add(std::move(object)));
        if (page.next.empty()) return {};
        if (page.next == token)
            return fail(make_error(ErrorCode::kDataLoss, "the listing goes round: it names the same place twice")
                            .at(address(prefix)));
        token = std::move(page.next);
        empty_pages = page.objects.empty() ? empty_pages + 1 : 0;
    }
    return fail(make_error(ErrorCode::kDataLoss, "the listing has {} pages without an object", kMostEmptyPages)
                    .at(address(prefix)));
}

Result<std::string> S3Bucket::get(const std::string& key, const TransferLimits& limits) const {
    std::string bytes;
    const auto take = [&](std::string_view part) {
        bytes += part;
        return true;
    };
    DIGITS_TRY(ask(
        {.key = key, .query = "", .body = "", .limits = limits, .sink = take, .begin_anew = [&] { bytes.clear(); }}));
    return bytes;
}

Status S3Bucket::get_to(const std::string& key, const fs::path& path, const TransferLimits& limits) const {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    const auto take = [&](std::string_view part) {
        file.write(part.data(), static_cast<std::streamsize>(part.size()));
        return file.good();
    };
    const auto anew = [&] {
        file.close();
        file.open(path, std::ios::binary | std::ios::trunc);
    };
    DIGITS_TRY(ask({.key = key, .query = "", .body = "", .limits = limits, .sink = take, .begin_anew = anew}));
    if (!file.flush()) return fail(ErrorCode::kResourceExhausted, "cannot write {}", path.string());
    return {};
}

Status S3Bucket::put(const std::string& key, const fs::path& path, const TransferLimits& limits,
                     const std::function<void(std::uint64_t)>& sent) const {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) return fail(ErrorCode::kNotFound, "cannot read {}", path.string());
    if (size > kPart_bytes) return put_in_parts(key, file, size, limits, sent);
    std::string body(size, '\0');
    file.read(body.data(), static_cast<std::streamsize>(size));
    if (!file) return fail(ErrorCode::kDataLoss, "{} became shorter while it was read", path.string());
    DIGITS_TRY(ask({.method = "PUT", .key = key, .query = "", .body = std::move(body), .limits = limits, .sink = {}}));
    if (sent) sent(size);
    return {};
}

Status S3Bucket::put_in_parts(const std::string& key, std::ifstream& file, std::uint64_t size,
                              const TransferLimits& limits, const std::function<void(std::uint64_t)>& sent) const {
    std::string text;
    const auto take = [&](std::string_view part) {
        text += part;
        return true;
    };
    DIGITS_TRY(ask({.method = "POST", .key = key, .query = "uploads=", .body = "", .limits = limits, .sink = take}));
    pugi::xml_document begun;
    begun.load_buffer(text.data(), text.size());
    const std::string id = begun.child("InitiateMultipartUploadResult").child_value("UploadId");
    if (id.empty())
        return fail(ErrorCode::kDataLoss, "{} began no upload of {}", options_.identity.endpoint, address(key));
    const auto escaped = escape_url(id);
    const auto send = [&]() -> Status {
        std::string parts = "<CompleteMultipartUpload>";
        std::uint64_t done = 0;
        for (int number = 1; done < size; ++number) {
            std::string body(std::min(kPart_bytes, size - done), '\0');
            file.read(body.data(), static_cast<std::streamsize>(body.size()));
            if (!file)
                return fail(ErrorCode::kDataLoss, "the file for {} became shorter while it was read", address(key));
            done += body.size();
            DIGITS_ASSIGN(auto answer, ask({.method = "PUT",
                                            .key = key,
                                            .query = fmt::format("partNumber={}&uploadId={}", number, escaped),
                                            .body = std::move(body),
                                            .limits = limits,
                                            .sink = {}}));
            parts +=
                fmt::format("<Part><ETag>{}</ETag><PartNumber>{}</PartNumber></Part>", answer.headers["etag"], number);
            if (sent) sent(done);
        }
        parts += "</CompleteMultipartUpload>";
        text.clear();
        DIGITS_TRY(ask({.method = "POST",
                        .key = key,
                        .query = "uploadId=" + escaped,
                        .body = parts,
                        .limits = limits,
                        .sink = take}));
        // The server may find out that it cannot, after it has said 200.
        pugi::xml_document ended;
        ended.load_buffer(text.data(), text.size());
        if (!ended.child("CompleteMultipartUploadResult"))
            return fail(ErrorCode::kUnavailable, "{} did not put the parts of {} together", options_.identity.endpoint,
                        address(key));
        return {};
    };
    const auto done = send();
    if (!done)  // best effort: what is left of it costs its owner
        (void)ask({.method = "DELETE",
                   .key = key,
                   .query = "uploadId=" + escaped,
                   .body = "",
                   .limits = TransferLimits{},
                   .sink = take});
    return done;
}

}  // namespace digits::remote
