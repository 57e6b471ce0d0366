#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace digits {

/// SHA-256 (FIPS 180-4) in hexadecimal.
std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace digits
