#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// The layers of each stage of a text, as `POST /api/v1/networks/describe` tells them but without shapes: of every text
/// that parses. Errors: those of parse_net_text() and upgrade_net().
Result<nlohmann::json> network_layers(std::string_view text);

}  // namespace digits
