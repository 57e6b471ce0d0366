#include "api/compat/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "http/header_text.hpp"

namespace digits::api::compat {
namespace {

constexpr const char* kNoInteger = "Not a valid integer value";
constexpr const char* kNoNumber = "Not a valid float value";

/// A whole number up to 2^53.
std::optional<std::int64_t> parse_integer(std::string_view text) {
    const auto value = parse_number(text);
    if (!value || std::trunc(*value) != *value || std::abs(*value) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::vector<std::string> split_list(std::string text) {
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto word = http::trim(std::string_view(text).substr(begin, end - begin));
        if (!word.empty()) words.emplace_back(word);
        begin = end + 1;
    }
    return words;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    const std::string word(http::trim(text));
    if (word.empty()) return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    if (end != word.c_str() + word.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::string Form::text(const std::string& name, std::string_view fallback) const {
    const auto* value = arguments_.find_field(name);
    return std::string(http::trim(value ? std::string_view(*value) : fallback));
}

std::string Form::required_text(const std::string& name) {
    auto value = text(name);
    if (value.empty()) refuse(name, kRequired);
    return value;
}

bool Form::flag(const std::string& name) const {
    const auto* value = arguments_.find_field(name);
    return value && *value != "false" && *value != "False" && !value->empty();
}

std::string Form::choice(const std::string& name, std::string_view fallback,
                         std::initializer_list<std::string_view> choices) {
    auto value = text(name, fallback);
    if (std::ranges::find(choices, value) == choices.end()) {
        refuse(name, "Not a valid choice");
        return std::string(fallback);
    }
    return value;
}

std::optional<std::int64_t> Form::integer(const std::string& name, Range range, std::optional<std::int64_t> fallback) {
    const auto* given = arguments_.find_field(name);
    if (!given) return fallback;
    if (http::trim(*given).empty()) return std::nullopt;
    const auto value = parse_integer(*given);
    if (!value) {
        refuse(name, kNoInteger);
    } else if (check_range(name, static_cast<double>(*value), range)) {
        return value;
    }
    return std::nullopt;
}

std::optional<double> Form::number(const std::string& name, Range range, std::optional<double> fallback) {
    const auto* given = arguments_.find_field(name);
    if (!given) return fallback;
    if (http::trim(*given).empty()) return std::nullopt;
    const auto value = parse_number(*given);
    if (!value) {
        refuse(name, kNoNumber);
    } else if (check_range(name, *value, range)) {
        return value;
    }
    return std::nullopt;
}

std::int64_t Form::required_integer(const std::string& name, Range range, std::optional<std::int64_t> fallback) {
    const auto value = integer(name, range, fallback);
    if (!value && !errors_.contains(name)) refuse(name, kRequired);
    return value.value_or(fallback.value_or(0));
}

double Form::required_number(const std::string& name, Range range, std::optional<double> fallback) {
    const auto value = number(name, range, fallback);
    if (!value && !errors_.contains(name)) refuse(name, kRequired);
    return value.value_or(fallback.value_or(0));
}

std::vector<double> Form::numbers(const std::string& name, Range range, std::vector<double> fallback) {
    const auto* given = arguments_.find_field(name);
    if (!given) return fallback;
    std::vector<double> values;
    for (const auto& word : split_list(*given)) {
        const auto value = parse_number(word);
        if (!value) {
            refuse(name, kNoNumber);
            return fallback;
        }
        if (!check_range(name, *value, range)) return fallback;
        values.push_back(*value);
    }
    return values;
}

std::vector<std::int64_t> Form::integers(const std::string& name, Range range) {
    std::vector<std::int64_t> values;
    for (const auto& word : split_list(text(name))) {
        const auto value = parse_integer(word);
        if (!value) {
            refuse(name, kNoInteger);
            return {};
        }
        if (!check_range(name, static_cast<double>(*value), range)) return {};
        values.push_back(*value);
    }
    return values;
}

void Form::refuse(const std::string& field, std::string message) { errors_[field].push_back(std::move(message)); }

bool Form::check_range(const std::string& name, double value, Range range) {
    if (value >= range.low && value <= range.high) return true;
    if (range.high == kNoLimit) {
        refuse(name, fmt::format("Number must be at least {}.", range.low));
    } else {
        refuse(name, fmt::format("Number must be between {} and {}.", range.low, range.high));
    }
    return false;
}

}  // namespace digits::api::compat
