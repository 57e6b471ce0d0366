#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace digits::api::compat {

/// An SVG of a network, layers below what they read. `networks`: as `POST /api/v1/networks/describe` tells them. Layers
/// that work in place are drawn with the one whose output they change.
std::string network_drawing(const nlohmann::json& networks);

}  // namespace digits::api::compat
