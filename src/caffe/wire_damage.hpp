#pragma once

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace digits {

struct WireDamage {
    std::size_t position = 0;  ///< byte in the file
    std::string message;
};

/// The number of variable length at `at`, which moves behind it; none where it does not end before `end`.
std::optional<std::uint64_t> read_varint(std::string_view bytes, std::size_t& at, std::size_t end);

/// Where a binary message stops making sense; for the words of an error after the parser gave up.
std::optional<WireDamage> find_wire_damage(std::string_view bytes, const google::protobuf::Descriptor& type);

}  // namespace digits
