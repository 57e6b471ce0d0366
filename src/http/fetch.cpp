#include "http/fetch.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>

#include "http/header_text.hpp"

namespace digits::http {
namespace {

using Clock = std::chrono::steady_clock;

struct Block {
    std::array<std::uint8_t, 16> prefix;
    int bits;
};

/// https://www.iana.org/assignments/iana-ipv4-special-registry: not globally reachable, and multicast.
constexpr Block kSpecialIpv4[]{{{0}, 8},
                               {{10}, 8},
                               {{100, 64}, 10},
                               {{127}, 8},
                               {{169, 254}, 16},
                               {{172, 16}, 12},
                               {{192, 0, 0}, 24},
                               {{192, 0, 2}, 24},
                               {{192, 88, 99}, 24},
                               {{192, 168}, 16},
                               {{198, 18}, 15},
                               {{198, 51, 100}, 24},
                               {{203, 0, 113}, 24},
                               {{224}, 4},
                               {{240}, 4}};
/// Of the one block that IPv6 has for the public, what is not: protocol assignments and Teredo, documentation, 6to4.
constexpr Block kPublicIpv6{{0x20}, 3};
constexpr Block kSpecialIpv6[]{
    {{0x20, 0x01, 0x00}, 23}, {{0x20, 0x01, 0x0d, 0xb8}, 32}, {{0x20, 0x02}, 16}, {{0x3f, 0xff}, 20}};
constexpr std::array<std::uint8_t, 12> kMappedIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_in(std::span<const std::uint8_t> address, const Block& block) {
    for (int bit = 0; bit < block.bits; bit += 8) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const int mask = 0xff & (0xff << std::max(0, 8 - (block.bits - bit)));
        if ((address[at] & mask) != (block.prefix[at] & mask)) return false;
    }
    return true;
}

bool is_in_any(std::span<const std::uint8_t> address, std::span<const Block> blocks) {
    return std::ranges::any_of(blocks, [&](const Block& block) { return is_in(address, block); });
}

bool is_public_ipv6(std::span<const std::uint8_t, 16> address) {
    if (std::ranges::equal(address.first<12>(), kMappedIpv4)) return !is_in_any(address.last<4>(), kSpecialIpv4);
    return is_in(address, kPublicIpv6) && !is_in_any(address, kSpecialIpv6);
}

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    if (address.sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (!bytes || !::inet_ntop(address.sa_family, bytes, text.data(), text.size())) return "an unknown address";
    return text.data();
}

struct Url {
    std::string text;
    std::string host;
};

Result<Url> parse_url(const std::string& text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    const auto wrong = [&](const char* expected) {
        return fail(ErrorCode::kInvalidArgument, "expected {}, got \"{}\"", expected, text.substr(0, 200));
    };
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        return wrong("an address such as https://example.org/cat.jpg");
    const auto part = [&](CURLUPart wanted) -> std::optional<std::string> {
        char* value = nullptr;
        if (curl_url_get(url.get(), wanted, &value, 0) != CURLUE_OK) return std::nullopt;
        std::string copy(value);
        curl_free(value);
        return copy;
    };
    const auto scheme = part(CURLUPART_SCHEME).value_or("");
    if (scheme != "http" && scheme != "https") return wrong("an address of http or https");
    if (part(CURLUPART_USER) || part(CURLUPART_PASSWORD)) return wrong("an address without a user and password");
    auto host = part(CURLUPART_HOST).value_or("");
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return Url{text, std::move(host)};
}

/// One request. What curl's callbacks find out is kept, for curl's own errors do not tell it.
struct Transfer {
    std::ofstream& file;
    std::uint64_t max_bytes;
    bool anywhere;  ///< the host may lie in a private network
    std::uint64_t received = 0;
    std::string refused_address = {};
    bool reached = false;
    bool too_large = false;
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

std::size_t write_bytes(const char* bytes, std::size_t size, std::size_t count, void* data) {
    auto& transfer = *static_cast<Transfer*>(data);
    transfer.received += size * count;
    transfer.too_large = transfer.received > transfer.max_bytes;
    if (transfer.too_large) return 0;
    transfer.file.write(bytes, static_cast<std::streamsize>(size * count));
    return transfer.file ? size * count : 0;
}

Error fetch_error(CURLcode code, const Url& url, const Transfer& transfer, const FetchLimits& limits) {
    if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED)
        return make_error(ErrorCode::kTooLarge, "{} is over {} MB", url.text, limits.max_bytes >> 20);
    if (!transfer.reached && !transfer.refused_address.empty())
        return make_error(ErrorCode::kPermissionDenied, "{} has the address {}, which is none of the public Internet",
                          url.host, transfer.refused_address)
            .advise(fmt::format("If the server may fetch from there, start it with --allow-url-host {}", url.host));
    if (code == CURLE_OPERATION_TIMEDOUT)
        return make_error(ErrorCode::kUnavailable, "{} did not send the image within {} s", url.host,
                          std::chrono::duration_cast<std::chrono::seconds>(limits.timeout).count());
    if (!transfer.file) return make_error(ErrorCode::kResourceExhausted, "cannot write the image to the disk");
    return make_error(ErrorCode::kUnavailable, "cannot fetch {}: {}", url.text, curl_easy_strerror(code));
}

/// What an answer is: the image, or the next address to ask.
struct Answer {
    long status = 0;
    std::string redirect;
};

Result<Answer> ask(const Url& url, Transfer& transfer, Clock::time_point end, const FetchLimits& limits) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return fail(fetch_error(CURLE_OPERATION_TIMEDOUT, url, transfer, limits));
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), curl_easy_cleanup);
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy.get(), option, value); };
    set(CURLOPT_URL, url.text.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");  // not even one of the environment: it would look up the name anew
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(left));
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits.max_bytes));
    set(CURLOPT_USERAGENT, "Digits");
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, write_bytes);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    if (const auto code = curl_easy_perform(easy.get()); code != CURLE_OK)
        return fail(fetch_error(code, url, transfer, limits));
    Answer answer;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    char* next = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &next);
    if (next) answer.redirect = next;
    return answer;
}

}  // namespace

bool is_public_address(std::string_view address) {
    const std::string text(address);
    std::array<std::uint8_t, 4> v4{};
    if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return !is_in_any(v4, kSpecialIpv4);
    std::array<std::uint8_t, 16> v6{};
    return ::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 && is_public_ipv6(v6);
}

Status fetch(const std::string& address, const std::filesystem::path& path, const FetchLimits& limits) {
    const auto end = Clock::now() + limits.timeout;
    std::string next = address;
    for (int redirects = 0; redirects <= limits.max_redirects; ++redirects) {
        DIGITS_ASSIGN(const auto url, parse_url(next));
        if (limits.https_only && !next.starts_with("https://"))
            return fail(make_error(ErrorCode::kPermissionDenied, "{} is not encrypted, expected https", next)
                            .advise("Start the server with --allow-url-host and its host, if you trust the network"));
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        const bool anywhere = std::ranges::any_of(
            limits.private_hosts, [&](const std::string& host) { return equal_ignoring_case(host, url.host); });
        Transfer transfer{file, limits.max_bytes, anywhere};
        DIGITS_ASSIGN(const auto answer, ask(url, transfer, end, limits));
        if (!answer.redirect.empty()) {
            next = answer.redirect;
            continue;
        }
        if (answer.status != 200)
            return fail(answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                        "{} answered with HTTP status {}", next, answer.status);
        if (!file.flush()) return fail(ErrorCode::kResourceExhausted, "cannot write the image to the disk");
        return {};
    }
    return fail(ErrorCode::kUnavailable, "{} led on more than {} times", address, limits.max_redirects);
}

}  // namespace digits::http
