#include "remote/http_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "remote/form_parts.hpp"
#include "remote/public_address.hpp"

namespace digits::remote {
namespace {

constexpr std::size_t kMostRefusal_bytes = std::size_t{64} << 10;
constexpr long kConnectTimeout_ms = 10'000;

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    if (address.sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (!bytes || !::inet_ntop(address.sa_family, bytes, text.data(), text.size())) return "an unknown address";
    return text.data();
}

/// One exchange. What curl's callbacks find out is kept, for curl's own errors do not tell it.
struct Transfer {
    const TransferLimits& limits;
    const BodySink& sink;
    std::string* refusal = nullptr;
    bool anywhere = false;  ///< the host may be in a private network
    CURL* easy = nullptr;
    HttpAnswer answer{};
    std::uint64_t received = 0, unwanted = 0;  ///< bytes
    std::string refused_address{};
    bool reached = false;
    bool too_large = false;
    bool sink_failed = false;
    bool cancelled = false;

    bool is_wanted() const { return answer.status >= 200 && answer.status < 300; }
};

/// curl asks here for each address that it is about to connect to: nothing is looked up between check and use.
curl_socket_t open_socket(void* data, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(data);
    const auto text = address_text(address->addr);
    if (!transfer.anywhere && !is_public_address(text)) {
        transfer.refused_address = text;
        return CURL_SOCKET_BAD;
    }
    transfer.reached = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_body(const char* bytes, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    const std::string_view part(bytes, size * count);
    if (transfer.answer.status == 0) curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    if (!transfer.is_wanted()) {
        if (transfer.refusal) transfer.refusal->append(part);
        transfer.unwanted += part.size();
        return transfer.unwanted < kMostRefusal_bytes ? part.size() : 0;
    }
    transfer.received += part.size();
    transfer.too_large = transfer.received > transfer.limits.max_bytes;
    if (transfer.too_large) return 0;
    transfer.sink_failed = transfer.sink && !transfer.sink(part);
    return transfer.sink_failed ? 0 : part.size();
}

std::size_t take_header(const char* bytes, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    std::string_view line(bytes, size * count);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || transfer.answer.headers.size() >= 100) return size * count;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    transfer.answer.headers[lower_case(line.substr(0, colon))] = value;
    return size * count;
}

int look_around(void* data, curl_off_t total, curl_off_t done, curl_off_t to_send, curl_off_t sent) {
    auto& transfer = *static_cast<Transfer*>(data);
    transfer.cancelled = transfer.limits.cancelled && transfer.limits.cancelled();
    const bool sends = to_send > 0;
    if (transfer.limits.progress && (sends || transfer.is_wanted() || done > 0))
        transfer.limits.progress(static_cast<std::uint64_t>(sends ? sent : done),
                                 static_cast<std::uint64_t>(sends ? to_send : total));
    return transfer.cancelled ? 1 : 0;
}

Error transfer_error(CURLcode code, const Url& url, const Transfer& transfer) {
    const auto& limits = transfer.limits;
    if (transfer.cancelled) return make_error(ErrorCode::kCancelled, "stopped while asking {}", url.host);
    if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED)
        return make_error(ErrorCode::kTooLarge, "{} is over {} MB", url.text, limits.max_bytes >> 20);
    if (!transfer.reached && !transfer.refused_address.empty())
        return make_error(ErrorCode::kPermissionDenied, "{} has the address {}, which is not public", url.host,
                          transfer.refused_address)
            .advise(fmt::format("If the server may fetch from there, start it with --allow-url-host {}", url.host));
    if (code == CURLE_OPERATION_TIMEDOUT)
        return make_error(ErrorCode::kUnavailable, "{} is too slow: it did not send everything within {} s", url.host,
                          std::chrono::duration_cast<std::chrono::seconds>(limits.timeout).count());
    if (transfer.sink_failed)
        return make_error(ErrorCode::kResourceExhausted, "cannot write what {} sends to the disk", url.host);
    return make_error(ErrorCode::kUnavailable, "cannot fetch {}: {}", url.text, curl_easy_strerror(code));
}

using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers header_list(const std::vector<std::string>& lines) {
    Headers list(nullptr, curl_slist_free_all);
    for (const auto& line : lines) {
        auto* longer = curl_slist_append(list.get(), line.c_str());
        (void)list.release();
        list.reset(longer);
    }
    return list;
}

}  // namespace

/// Handles of curl, each with the connections that it keeps open.
class HttpClient::Handles {
  public:
    using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

    Handle take() {
        {
            const std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                auto handle = std::move(free_.back());
                free_.pop_back();
                return handle;
            }
        }
        return {curl_easy_init(), curl_easy_cleanup};
    }
    void give_back(Handle handle) {
        curl_easy_reset(handle.get());
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(handle));
    }

  private:
    std::mutex mutex_;
    std::vector<Handle> free_;
};

HttpClient::HttpClient(FetchGrant grant) : grant_(std::move(grant)), handles_(std::make_unique<Handles>()) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::send(const HttpRequest& request, const TransferLimits& limits, const BodySink& sink,
                                    std::string* refusal) const {
    DIGITS_ASSIGN(const auto url, parse_url(request.url));
    if (!grant_.allowed)
        return fail(make_error(ErrorCode::kPermissionDenied, "this server fetches nothing from other machines")
                        .advise("Start the server with --allow-url-fetch"));
    if (limits.timeout.count() <= 0)
        return fail(make_error(ErrorCode::kUnavailable, "there is no time left to ask {}", url.host));
    Transfer transfer{limits, sink, refusal};
    transfer.anywhere = std::ranges::any_of(
        grant_.private_hosts, [&](const std::string& host) { return lower_case(host) == lower_case(url.host); });
    auto handle = handles_->take();
    transfer.easy = handle.get();
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
    set(CURLOPT_URL, url.text.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_PROXY, "");  // not even one of the environment: it would look up the name again
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeout_ms);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
    // Not "Expect:" without a value among the headers: curl would sign what it does not send.
    set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
    set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.least_bytes_per_s));
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.slow_for.count()));
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits.max_bytes));
    set(CURLOPT_USERAGENT, "Digits");
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    if (limits.cancelled || limits.progress) {
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, look_around);
        set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
    }
    auto lines = request.headers;
    DIGITS_ASSIGN(const auto mime, make_mime(handle.get(), request.parts));
    if (mime) {
        set(CURLOPT_MIMEPOST, mime.get());
    } else if (request.method == "PUT" || request.method == "POST") {
        set(CURLOPT_POSTFIELDS, request.body.c_str());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        lines.emplace_back("Content-Type: application/octet-stream");
    }
    if (request.method != "GET") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    std::string provider, user;
    if (!request.key.is_empty()) {
        provider = "aws:amz:" + request.region + ":s3";
        user = request.key.id + ":" + request.key.secret;
        set(CURLOPT_AWS_SIGV4, provider.c_str());
        set(CURLOPT_USERPWD, user.c_str());
        if (!request.key.session_token.empty()) lines.push_back("x-amz-security-token: " + request.key.session_token);
    }
    const auto headers = header_list(lines);
    if (headers) set(CURLOPT_HTTPHEADER, headers.get());
    const auto code = curl_easy_perform(handle.get());
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    // A body that nobody wants is cut off, and that is not an error.
    const bool cut_off = code == CURLE_WRITE_ERROR && !transfer.is_wanted();
    if (code != CURLE_OK && !cut_off) return fail(transfer_error(code, url, transfer));
    char* next = nullptr;
    curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &next);
    if (next) transfer.answer.redirect = next;
    if (!cut_off) handles_->give_back(std::move(handle));
    return std::move(transfer.answer);
}

Result<Url> parse_url(const std::string& text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    const auto wrong = [&](const char* expected) {
        return fail(ErrorCode::kInvalidArgument, "expected {}, got \"{}\"", expected, text.substr(0, 200));
    };
    if (text.find('\0') != std::string::npos || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        return wrong("an address such as https://example.org/cat.jpg");
    const auto part = [&](CURLUPart wanted) -> std::optional<std::string> {
        char* value = nullptr;
        if (curl_url_get(url.get(), wanted, &value, 0) != CURLUE_OK) return std::nullopt;
        std::string copy(value);
        curl_free(value);
        return copy;
    };
    auto scheme = part(CURLUPART_SCHEME).value_or("");
    if (scheme != "http" && scheme != "https") return wrong("an address of http or https");
    if (part(CURLUPART_USER) || part(CURLUPART_PASSWORD)) return wrong("an address without a user and password");
    auto host = part(CURLUPART_HOST).value_or("");
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return Url{text, std::move(scheme), std::move(host)};
}

std::string escape_url(std::string_view text, bool keeps_slashes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string escaped;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~' || (c == '/' && keeps_slashes);
        if (plain) {
            escaped += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            escaped += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return escaped;
}

}  // namespace digits::remote
