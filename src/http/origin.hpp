#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits::http {

/// Which names a server answers to: a defence against DNS rebinding, where a strange name leads to this machine.
struct HostRule {
    /// Beside the loopback names; without port.
    std::vector<std::string> names;
    /// Any IP address, since rebinding needs a name. Set where the server listens on more than the loopback.
    bool any_address = false;
};

/// `host` is the Host header.
Status check_host(std::string_view host, const HostRule& rule);

/// Refuses what a page of another origin makes the browser send. `origin` and `fetch_site` (Sec-Fetch-Site) may be
/// empty: then no browser, or no other page, sent it.
Status check_origin(std::string_view method, std::string_view host, std::string_view origin,
                    std::string_view fetch_site);

}  // namespace digits::http
