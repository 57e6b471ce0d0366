#include "api/compat/forms/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/check.hpp"
#include "http/header_text.hpp"

namespace digits::api::compat {
namespace {

using nlohmann::json;

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
        words.emplace_back(http::trim(std::string_view(text).substr(begin, end - begin)));
        begin = end + 1;
    }
    return words;
}

/// The declared field at a place, which must have a name in DIGITS's forms.
const FieldFacts& get_field(const FieldList& fields, std::string_view place) {
    const FieldFacts* found = nullptr;
    for_each_field(fields, [&](const FieldFacts& field, const std::string& path) {
        if (path == place) found = &field;
    });
    DIGITS_CHECK(found && !found->digits.empty());
    return *found;
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
    return value && *value != "false" && !value->empty();
}

std::string Form::choice(const std::string& name, std::string_view fallback,
                         std::initializer_list<std::string_view> choices) {
    return choice(name, fallback, std::vector<std::string>(choices.begin(), choices.end()));
}

std::string Form::choice(const std::string& name, std::string_view fallback, std::span<const std::string> choices) {
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

std::vector<double> Form::numbers(const std::string& name, Range range, std::vector<double> fallback,
                                  const char* complaint) {
    const auto* given = arguments_.find_field(name);
    if (!given) return fallback;
    std::vector<double> values;
    for (const auto& word : split_list(*given)) {
        const auto value = parse_number(word);
        if (!value) {
            refuse(name, complaint);
            return fallback;
        }
        if (*value < range.low) {
            refuse(name, fmt::format("Number {} must be at least {}.", python_number(*value), range.low));
            return fallback;
        }
        values.push_back(*value);
    }
    return values;
}

std::vector<std::int64_t> Form::integers(const std::string& name, Range range) {
    std::vector<std::int64_t> values;
    const auto given = text(name);
    if (given.empty()) return values;
    for (const auto& word : split_list(given)) {
        const auto value = parse_integer(word);
        if (!value) {
            refuse(name, kNoInteger);
            return {};
        }
        if (static_cast<double>(*value) < range.low) {
            refuse(name, fmt::format("Number {} must be at least {}.", *value, range.low));
            return {};
        }
        values.push_back(*value);
    }
    return values;
}

json Form::read_declared(const FieldFacts& field) {
    const auto& name = field.digits;
    const Range range{field.limits.low, field.limits.high};
    const bool has_default = !field.fallback.is_null();
    switch (field.value.type) {
        case FieldType::kBoolean: return flag(name);
        case FieldType::kInteger: {
            const auto value =
                integer(name, range, has_default ? std::optional(field.fallback.get<std::int64_t>()) : std::nullopt);
            return value ? json(*value) : json();
        }
        case FieldType::kNumber: {
            const auto value =
                number(name, range, has_default ? std::optional(field.fallback.get<double>()) : std::nullopt);
            return value ? json(*value) : json();
        }
        case FieldType::kChoice: return choice(name, field.fallback.get<std::string>(), field.value.words);
        default: return text(name, has_default ? field.fallback.get<std::string>() : std::string());
    }
}

void Form::read_required(const FieldList& fields, std::initializer_list<std::string> places, json& spec) {
    for (const auto& place : places) {
        const auto& field = get_field(fields, place);
        auto& value = spec[json::json_pointer(place)] = read_declared(field);
        if (!value.is_null() || field.value.nullable) continue;
        if (!errors_.contains(field.digits)) refuse(field.digits, kRequired);
        value = field.fallback;
    }
}

void Form::read_optional(const FieldList& fields, std::initializer_list<std::string> places, json& spec) {
    for (const auto& place : places) {
        const auto& field = get_field(fields, place);
        auto& value = spec[json::json_pointer(place)] = read_declared(field);
        if (value.is_null()) value = field.fallback;
    }
}

Range range_of(const FieldList& fields, std::string_view place) {
    const auto& limits = get_field(fields, place).limits;
    return {limits.low, limits.high};
}

std::string declared_field_of(const FieldList& fields, std::string_view place) {
    std::string found;
    std::size_t longest = 0;
    const auto look = [&](const FieldFacts& field, const std::string& path) {
        const bool is_at = place == path || place.starts_with(path + "/");
        if (!is_at || field.digits.empty() || path.size() <= longest) return;
        found = field.digits;
        longest = path.size();
    };
    for_each_field(fields, [&](const FieldFacts& field, const std::string& path) {
        look(field, path);
        for (const auto& variant : field.value.variants) for_each_field(*variant.fields, look, path);
    });
    return found;
}

std::string python_number(double value) {
    auto text = fmt::format("{}", value);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
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
