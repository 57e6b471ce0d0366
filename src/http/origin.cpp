#include "http/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "http/header_text.hpp"

namespace digits::http {
namespace {

/// The name of "name", "name:80" or "[::1]:80"; empty for anything else.
std::string name_without_port(std::string_view host) {
    const auto end =
        host.starts_with('[') ? std::min(host.find(']'), host.size() - 1) + 1 : std::min(host.find(':'), host.size());
    const auto name = host.substr(0, end);
    auto port = host.substr(end);
    if (!port.empty()) {
        port.remove_prefix(1);
        const bool number = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
        if (host[end] != ':' || !number || port.size() > 5) return {};
    }
    const bool plain = std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
               c == '_' || c == ':' || c == '[' || c == ']';
    });
    return plain ? lower_case(name) : std::string();
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
    if (name.empty())
        return fail(ErrorCode::kInvalidArgument, "the Host header \"{}\" is not a name and a port", printable(host));
    if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return {};
    if (rule.any_address && is_address(name)) return {};
    for (const auto& allowed : rule.names)
        if (equal_ignoring_case(name, allowed)) return {};
    return fail(
        make_error(ErrorCode::kPermissionDenied, "this server does not answer to the name \"{}\"", printable(name))
            .advise("Start it with --allow-host " + printable(name) + " if it is yours"));
}

Status check_origin(const Sender& sender, bool changes) {
    const auto is_own = [&](std::string_view address) {
        const auto scheme_end = address.find("://");
        if (scheme_end == std::string_view::npos) return false;
        const auto authority = address.substr(scheme_end + 3);
        return equal_ignoring_case(authority.substr(0, authority.find('/')), trim(sender.host));
    };
    if (!sender.origin.empty()) {
        if (is_own(sender.origin)) return {};
        return fail(ErrorCode::kPermissionDenied, "a page of {} may not use this server", printable(sender.origin));
    }
    const bool elsewhere = sender.fetch_site.empty()
                               ? !sender.referer.empty() && !is_own(sender.referer)
                               : sender.fetch_site != "same-origin" && sender.fetch_site != "none";
    if (changes && elsewhere)
        return fail(ErrorCode::kPermissionDenied, "a page of another origin may not change anything here");
    return {};
}

}  // namespace digits::http
