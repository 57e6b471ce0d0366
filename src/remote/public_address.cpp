#include "remote/public_address.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace digits::remote {
namespace {

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

}  // namespace

bool is_public_address(std::string_view address) {
    const std::string text(address);
    std::array<std::uint8_t, 4> v4{};
    if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return !is_in_any(v4, kSpecialIpv4);
    std::array<std::uint8_t, 16> v6{};
    return ::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 && is_public_ipv6(v6);
}

}  // namespace digits::remote
