#include "http/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "http/header_text.hpp"

namespace digits::http {
namespace {

std::string name_without_port(std::string_view host) {
    if (host.starts_with('[')) return lower_case(host.substr(0, host.find(']') + 1));
    return lower_case(host.substr(0, host.find(':')));
}

bool is_address(const std::string& name) {
    in_addr v4;
    in6_addr v6;
    if (name.size() > 2 && name.front() == '[' && name.back() == ']')
        return inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &v6) == 1;
    return inet_pton(AF_INET, name.c_str(), &v4) == 1;
}

}  // namespace

Status check_host(std::string_view host, const HostRule& rule) {
    const auto name = name_without_port(trim(host));
    if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return {};
    if (rule.any_address && is_address(name)) return {};
    for (const auto& allowed : rule.names)
        if (equal_ignoring_case(name, allowed)) return {};
    return fail(
        make_error(ErrorCode::kPermissionDenied, "this server does not answer to the name \"{}\"", printable(name))
            .advise("Start it with --allow-host " + printable(name) + " if it is yours"));
}

Status check_origin(std::string_view method, std::string_view host, std::string_view origin,
                    std::string_view fetch_site) {
    if (!origin.empty()) {
        const auto scheme_end = origin.find("://");
        const auto authority =
            scheme_end == std::string_view::npos ? std::string_view{} : origin.substr(scheme_end + 3);
        if (!authority.empty() && equal_ignoring_case(authority, trim(host))) return {};
        return fail(ErrorCode::kPermissionDenied, "a page of {} may not use this server", printable(origin));
    }
    const bool changes = method != "GET" && method != "HEAD";
    if (changes && !fetch_site.empty() && fetch_site != "same-origin" && fetch_site != "none")
        return fail(ErrorCode::kPermissionDenied, "a page of another origin may not change anything here");
    return {};
}

}  // namespace digits::http
