#pragma once

#include <string_view>

namespace digits::remote {

/// Whether an IPv4 or IPv6 address is one of the public Internet: neither of this machine, of private or local
/// networks, of several machines, nor reserved (IANA's special-purpose registries). False for what is not an address.
bool is_public_address(std::string_view address);

}  // namespace digits::remote
