#pragma once

// One description of a struct gives parsing (unknown fields, types, ranges, each error with its JSON path), printing,
// defaults and a JSON Schema. Include it in sources, not in headers: it brings the whole JSON library.
//
//   struct ImageSpec { int width = 256; ResizeMode resize = ResizeMode::kSquash; };
//   template <> struct digits::JsonBinding<ImageSpec> {
//       static auto fields() {
//           return std::tuple{json_field("width", &ImageSpec::width).help("pixels").range(1, 10000),
//                             json_field("resize", &ImageSpec::resize).help("how a picture is fitted")};
//       }
//   };

#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.hpp"

namespace digits {

template <class T>
struct JsonBinding;

template <class T>
concept JsonBound = requires { JsonBinding<T>::fields(); };

template <class Struct, class Member>
struct JsonField {
    const char* name;
    Member Struct::* member;
    const char* text = "";
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool is_required = false;

    JsonField help(const char* words) const {
        JsonField copy = *this;
        copy.text = words;
        return copy;
    }
    /// Inclusive; numbers only.
    JsonField range(double least, double most) const {
        JsonField copy = *this;
        copy.low = least;
        copy.high = most;
        return copy;
    }
    JsonField required() const {
        JsonField copy = *this;
        copy.is_required = true;
        return copy;
    }
};

template <class Struct, class Member>
JsonField<Struct, Member> json_field(const char* name, Member Struct::* member) {
    return {name, member};
}

template <class T>
Status from_json(const nlohmann::json& json, T& value, const std::string& path);
template <class T>
nlohmann::json to_json(const T& value);
template <class T>
nlohmann::json json_schema();

/// Parses a whole document; `path` is where it stands in a larger one ("" for the root).
template <class T>
Result<T> parse_json(const nlohmann::json& json, const std::string& path = "") {
    T value{};
    DIGITS_TRY(from_json(json, value, path));
    return value;
}

namespace json_detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

inline tl::unexpected<Error> wrong_type(const char* expected, const nlohmann::json& json, const std::string& path) {
    std::string came = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (came.size() > 60) came = came.substr(0, 57) + "...";
    return fail(
        make_error(ErrorCode::kInvalidArgument, "expected {}, got {}", expected, came).at(path.empty() ? "/" : path));
}

template <class Struct, class Member>
Status check_range(const JsonField<Struct, Member>& field, const Member& value, const std::string& path) {
    double number = 0;
    if constexpr (std::is_arithmetic_v<Member>) {
        number = static_cast<double>(value);
    } else if constexpr (IsOptional<Member>::value) {
        if constexpr (std::is_arithmetic_v<typename Member::value_type>) {
            if (!value) return {};
            number = static_cast<double>(*value);
        } else {
            return {};
        }
    } else {
        return {};
    }
    if (number >= field.low && number <= field.high) return {};
    const bool open_above = field.high == std::numeric_limits<double>::infinity();
    const bool open_below = field.low == -std::numeric_limits<double>::infinity();
    const auto wanted = open_above   ? fmt::format("at least {}", field.low)
                        : open_below ? fmt::format("at most {}", field.high)
                                     : fmt::format("{} to {}", field.low, field.high);
    return fail(make_error(ErrorCode::kInvalidArgument, "{} must be {}, got {}", field.name, wanted, number).at(path));
}

}  // namespace json_detail

template <class T>
Status from_json(const nlohmann::json& json, T& value, const std::string& path) {
    using json_detail::wrong_type;
    if constexpr (std::same_as<T, nlohmann::json>) {
        value = json;
    } else if constexpr (std::same_as<T, bool>) {
        if (!json.is_boolean()) return wrong_type("true or false", json, path);
        value = json.get<bool>();
    } else if constexpr (std::integral<T>) {
        const bool whole =
            json.is_number_integer() ||
            (json.is_number_float() && json.get<double>() == static_cast<double>(json.get<std::int64_t>()));
        if (!whole) return wrong_type("a whole number", json, path);
        const auto number = json.get<std::int64_t>();
        if (!std::in_range<T>(number)) return wrong_type("a smaller whole number", json, path);
        value = static_cast<T>(number);
    } else if constexpr (std::floating_point<T>) {
        if (!json.is_number()) return wrong_type("a number", json, path);
        value = json.get<T>();
    } else if constexpr (std::same_as<T, std::string>) {
        if (!json.is_string()) return wrong_type("a text", json, path);
        value = json.get<std::string>();
    } else if constexpr (NamedEnum<T>) {
        const auto word = json.is_string() ? find_enum<T>(json.get<std::string>()) : std::nullopt;
        if (!word) return wrong_type(("one of " + enum_words<T>()).c_str(), json, path);
        value = *word;
    } else if constexpr (json_detail::IsOptional<T>::value) {
        if (json.is_null()) {
            value.reset();
        } else {
            DIGITS_TRY(from_json(json, value.emplace(), path));
        }
    } else if constexpr (json_detail::IsVector<T>::value) {
        if (!json.is_array()) return wrong_type("a list", json, path);
        value.clear();
        for (std::size_t i = 0; i < json.size(); ++i) {
            typename T::value_type item{};
            DIGITS_TRY(from_json(json[i], item, path + "/" + std::to_string(i)));
            value.push_back(std::move(item));
        }
    } else if constexpr (json_detail::IsMap<T>::value) {
        if (!json.is_object()) return wrong_type("an object", json, path);
        value.clear();
        for (const auto& [key, item] : json.items()) DIGITS_TRY(from_json(item, value[key], path + "/" + key));
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T>");
        if (!json.is_object()) return wrong_type("an object", json, path);
        const auto fields = JsonBinding<T>::fields();
        for (const auto& [key, item] : json.items()) {
            const bool known = std::apply([&](const auto&... field) { return ((key == field.name) || ...); }, fields);
            if (known) continue;
            std::string words;
            std::apply(
                [&](const auto&... field) { ((words += (words.empty() ? "" : ", ") + std::string(field.name)), ...); },
                fields);
            return fail(make_error(ErrorCode::kInvalidArgument, "unknown field \"{}\", expected one of {}", key, words)
                            .at(path + "/" + key));
        }
        Status status;
        const auto read = [&](const auto& field) {
            if (!status) return;
            const auto found = json.find(field.name);
            const auto place = path + "/" + field.name;
            if (found == json.end()) {
                if (field.is_required)
                    status = fail(make_error(ErrorCode::kInvalidArgument, "{} is missing", field.name).at(place));
                return;
            }
            status = from_json(*found, value.*(field.member), place);
            if (status) status = json_detail::check_range(field, value.*(field.member), place);
        };
        std::apply([&](const auto&... field) { (read(field), ...); }, fields);
        return status;
    }
    return {};
}

template <class T>
nlohmann::json to_json(const T& value) {
    if constexpr (std::same_as<T, nlohmann::json> || std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
        return value;
    } else if constexpr (NamedEnum<T>) {
        return std::string(enum_name(value));
    } else if constexpr (json_detail::IsOptional<T>::value) {
        return value ? to_json(*value) : nlohmann::json(nullptr);
    } else if constexpr (json_detail::IsVector<T>::value) {
        auto list = nlohmann::json::array();
        for (const typename T::value_type& item : value) list.push_back(to_json<typename T::value_type>(item));
        return list;
    } else if constexpr (json_detail::IsMap<T>::value) {
        auto object = nlohmann::json::object();
        for (const auto& [key, item] : value) object[key] = to_json(item);
        return object;
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T>");
        auto object = nlohmann::json::object();
        std::apply([&](const auto&... field) { ((object[field.name] = to_json(value.*(field.member))), ...); },
                   JsonBinding<T>::fields());
        return object;
    }
}

template <class T>
nlohmann::json json_schema() {
    if constexpr (std::same_as<T, nlohmann::json>) {
        return nlohmann::json::object();
    } else if constexpr (std::same_as<T, bool>) {
        return {{"type", "boolean"}};
    } else if constexpr (std::integral<T>) {
        return {{"type", "integer"}};
    } else if constexpr (std::floating_point<T>) {
        return {{"type", "number"}};
    } else if constexpr (std::same_as<T, std::string>) {
        return {{"type", "string"}};
    } else if constexpr (NamedEnum<T>) {
        auto words = nlohmann::json::array();
        for (const auto& [key, name] : EnumNames<T>::kNames) words.push_back(std::string(name));
        return {{"type", "string"}, {"enum", words}};
    } else if constexpr (json_detail::IsOptional<T>::value) {
        return {{"anyOf", {json_schema<typename T::value_type>(), {{"type", "null"}}}}};
    } else if constexpr (json_detail::IsVector<T>::value) {
        return {{"type", "array"}, {"items", json_schema<typename T::value_type>()}};
    } else if constexpr (json_detail::IsMap<T>::value) {
        return {{"type", "object"}, {"additionalProperties", json_schema<typename T::mapped_type>()}};
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T>");
        nlohmann::json schema{
            {"type", "object"}, {"additionalProperties", false}, {"properties", nlohmann::json::object()}};
        const T defaults{};
        const auto add = [&]<class Member>(const JsonField<T, Member>& field) {
            auto one = json_schema<Member>();
            if (*field.text) one["description"] = field.text;
            if (field.low != -std::numeric_limits<double>::infinity()) one["minimum"] = field.low;
            if (field.high != std::numeric_limits<double>::infinity()) one["maximum"] = field.high;
            if (field.is_required) {
                schema["required"].push_back(field.name);
            } else {
                one["default"] = to_json(defaults.*(field.member));
            }
            schema["properties"][field.name] = std::move(one);
        };
        std::apply([&](const auto&... field) { (add(field), ...); }, JsonBinding<T>::fields());
        return schema;
    }
}

}  // namespace digits
