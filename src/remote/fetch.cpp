#include "remote/fetch.hpp"

#include <fstream>

namespace digits::remote {

Status fetch(const HttpClient& client, const std::string& address, const FetchLimits& limits, const BodySink& sink) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + limits.timeout;
    HttpRequest request;
    request.url = address;
    for (int redirects = 0; redirects <= limits.max_redirects; ++redirects) {
        DIGITS_ASSIGN(const auto url, parse_url(request.url));
        if (limits.https_only && url.scheme != "https")
            return fail(make_error(ErrorCode::kPermissionDenied, "{} is not encrypted; use https", request.url)
                            .advise("Start the server with --allow-url-host and its host, if you trust the network"));
        TransferLimits left = limits;
        left.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        DIGITS_ASSIGN(auto answer, client.send(request, left, sink));
        if (!answer.redirect.empty()) {
            request.url = std::move(answer.redirect);
            continue;
        }
        if (answer.status == 200) return {};
        return fail(answer.status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                    "{} answered with HTTP status {}", request.url, answer.status);
    }
    return fail(ErrorCode::kUnavailable, "{} led on more than {} times", address, limits.max_redirects);
}

Status fetch(const std::string& url, const std::filesystem::path& path, const FetchLimits& limits) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    const auto sink = [&](std::string_view part) {
        file.write(part.data(), static_cast<std::streamsize>(part.size()));
        return file.good();
    };
    DIGITS_TRY(fetch(HttpClient(FetchGrant{true, limits.private_hosts}), url, limits, sink));
    if (!file.flush()) return fail(ErrorCode::kResourceExhausted, "cannot write {}", path.string());
    return {};
}

}  // namespace digits::remote
