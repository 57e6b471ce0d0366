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

/// `host` is the Host header: a name or an address, and maybe a port. kInvalidArgument for anything else (such as user
/// information), kPermissionDenied for a name that is not ours.
Status check_host(std::string_view host, const HostRule& rule);

/// Headers that tell where a request comes from; those that it does not have are empty.
struct Sender {
    std::string_view host, origin, fetch_site, referer;
};

/// Refuses what a page of another origin makes the browser send: whatever names its origin, and where the request
/// `changes` something also what only tells that it came from elsewhere. A program that is not a browser sends none of
/// these headers.
Status check_origin(const Sender& sender, bool changes);

}  // namespace digits::http
