#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits::api {

/// FNV-1a: tells apart what differs by accident, not by intent.
class Fingerprint {
  public:
    /// Two texts in a row differ from one that holds both.
    Fingerprint& add(std::string_view text) {
        for (const unsigned char c : text) mix(c);
        for (auto size = text.size(); size > 0; size >>= 8) mix(static_cast<unsigned char>(size));
        mix(0xff);
        return *this;
    }
    std::uint64_t value() const { return value_; }
    std::string hex() const { return fmt::format("{:016x}", value_); }

  private:
    void mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
    std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace digits::api
