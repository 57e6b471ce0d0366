#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/json_depth.hpp"
#include "base/text.hpp"

namespace digits {

/// A label file in JSON; none for what is not JSON or has lists deeper in each other than any label.
inline std::optional<nlohmann::json> parse_shallow_json(std::string_view text) {
    constexpr int kMostDepth = 64;
    text = without_byte_order_mark(text);
    if (is_json_deeper_than(text, kMostDepth)) return std::nullopt;
    auto document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_discarded()) return std::nullopt;
    return document;
}

}  // namespace digits
