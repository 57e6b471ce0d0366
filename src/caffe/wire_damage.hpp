#pragma once

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace digits {

struct WireDamage {
    std::size_t position = 0;  ///< byte in the file
    std::string message;
};

/// Where a binary message stops making sense; for the words of an error after the parser gave up.
std::optional<WireDamage> find_wire_damage(std::string_view bytes, const google::protobuf::Descriptor& type);

}  // namespace digits
