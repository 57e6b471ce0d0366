#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_depth.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace digits {

/// What the parser says is wrong with a text, with line and column.
inline std::string words_of(const nlohmann::json::exception& error) {
    std::string words = error.what();
    if (const auto name = words.find("] "); name != std::string::npos) words.erase(0, name + 2);
    return words.substr(0, words.find("; last read"));
}

/// Errors: kInvalidArgument for UTF-16 and UTF-32, which the beginning of a text shows.
inline Status check_characters(std::string_view text) {
    constexpr std::size_t kEnough = 256;
    auto plain = plain_text(std::string(text.substr(0, kEnough)));
    return plain ? Status() : Status(fail(std::move(plain).error()));
}

/// A label file in JSON. Errors: kInvalidArgument for what is not JSON, with line and column, or has lists deeper in
/// each other than any label.
inline Result<nlohmann::json> parse_shallow_json(std::string_view text) {
    constexpr int kMostDepth = 64;
    DIGITS_TRY(check_characters(text));
    text = without_byte_order_mark(text);
    if (is_json_deeper_than(text, kMostDepth))
        return fail(ErrorCode::kInvalidArgument, "lists are nested more than {} deep", kMostDepth);
    try {
        return nlohmann::json::parse(text);
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorCode::kInvalidArgument, "it is not JSON: {}", words_of(error));
    }
}

}  // namespace digits
