#include "base/field_facts.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace digits {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown_bytes = 60;

std::string shown(const json& value) {
    auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > kMostShown_bytes) text = text.substr(0, kMostShown_bytes - 3) + "...";
    return text;
}

tl::unexpected<Error> invalid(const FieldPlace& at, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), at.path.empty() ? "/" : at.path, {}});
}

Status check_number(const FieldFacts& field, const json& value, const FieldPlace& at) {
    if (!value.is_number()) return {};
    const auto number = value.get<double>();
    if (!field.numbers.empty()) {
        if (std::ranges::any_of(field.numbers, [&](auto one) { return static_cast<double>(one) == number; })) return {};
        return invalid(
            at, fmt::format("{} must be one of {}, got {}", at.label, fmt::join(field.numbers, ", "), shown(value)));
    }
    if (field.limits.allow(number)) return {};
    return invalid(at, fmt::format("{} must be {}, got {}", at.label, field.limits.fault(number), shown(value)));
}

std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto first = text.find_first_not_of(' ', begin);
        const auto last = text.find_last_not_of(' ', end == 0 ? 0 : end - 1);
        if (first < end && last != std::string::npos) parts.push_back(text.substr(first, last - first + 1));
        begin = end + 1;
    }
    return parts;
}

Result<json> parse_value_text(const FieldFacts& field, const ValueFacts& value, const std::string& text,
                              const FieldPlace& at) {
    const auto number = json::parse(text, nullptr, false);
    switch (value.type) {
        case FieldType::kBoolean:
            if (text == "true" || text == "false") return json(text == "true");
            return wrong_type("true or false", text, at);
        case FieldType::kInteger:
            if (text == field.word && !text.empty()) return json(text);
            if (!number.is_number_integer()) return wrong_type("a whole number", text, at);
            DIGITS_TRY(check_field(field, number, at));
            return number;
        case FieldType::kNumber:
            if (text == field.word && !text.empty()) return json(text);
            if (!number.is_number()) return wrong_type("a number", text, at);
            DIGITS_TRY(check_field(field, number, at));
            return number;
        case FieldType::kChoice:
            if (std::ranges::find(value.words, text) != value.words.end()) return json(text);
            return wrong_type(fmt::format("one of {}", fmt::join(value.words, ", ")), text, at);
        case FieldType::kList: {
            auto list = json::array();
            for (const auto& part : split_at_commas(text)) {
                DIGITS_ASSIGN(auto item, parse_value_text(field, *value.item, part, item_place(at, list.size())));
                list.push_back(std::move(item));
            }
            return list;
        }
        default: return json(text);
    }
}

/// Whole numbers without a fraction: 1, not 1.0.
json number_of(double value) {
    const auto whole = static_cast<std::int64_t>(std::clamp(value, -9e15, 9e15));
    return static_cast<double>(whole) == value ? json(whole) : json(value);
}

/// Null beside what a schema allows.
json or_null(json schema) {
    if (schema.contains("type") && schema["type"].is_string() && !schema.contains("enum")) {
        schema["type"] = {schema["type"], "null"};
        return schema;
    }
    return {{"anyOf", {std::move(schema), {{"type", "null"}}}}};
}

/// The variant's own fields beside the word that tells it from the others.
json variant_schema(const ValueFacts::Variant& variant, json* components) {
    json schema = json_schema(*variant.fields, components);
    auto& object = schema.contains("$ref") ? (*components)[variant.fields->name] : schema;
    if (!variant.help.empty()) object["description"] = variant.help;
    object["properties"]["type"] = {{"const", variant.word}};
    auto& required = object["required"];
    if (std::ranges::find(required, "type") == required.end()) required.push_back("type");
    return schema;
}

json value_schema(const ValueFacts& value, json* components) {
    json schema = json::object();
    switch (value.type) {
        case FieldType::kAny: return schema;
        case FieldType::kBoolean: schema["type"] = "boolean"; break;
        case FieldType::kInteger: schema["type"] = "integer"; break;
        case FieldType::kNumber: schema["type"] = "number"; break;
        case FieldType::kText: schema["type"] = "string"; break;
        case FieldType::kChoice: schema = {{"type", "string"}, {"enum", value.words}}; break;
        case FieldType::kList: schema = {{"type", "array"}, {"items", value_schema(*value.item, components)}}; break;
        case FieldType::kMap:
            schema = {{"type", "object"}, {"additionalProperties", value_schema(*value.item, components)}};
            break;
        case FieldType::kObject: schema = json_schema(*value.object, components); break;
        case FieldType::kVariant:
            schema["anyOf"] = json::array();
            for (const auto& variant : value.variants) schema["anyOf"].push_back(variant_schema(variant, components));
            break;
    }
    return schema;
}

void add_limits(json& schema, const FieldFacts& field) {
    if (!field.numbers.empty()) {
        schema["enum"] = field.numbers;
        return;
    }
    auto limits = field.limits;
    if (field.value.is_unsigned) limits.low = std::max(limits.low, 0.0);
    if (limits.has_low()) schema[limits.above ? "exclusiveMinimum" : "minimum"] = number_of(limits.low);
    if (limits.has_high()) schema["maximum"] = number_of(limits.high);
}

json field_schema(const FieldFacts& field, json* components) {
    auto schema = value_schema(field.value, components);
    if (field.value.type == FieldType::kList) {
        add_limits(schema["items"], field);
    } else {
        add_limits(schema, field);
    }
    if (field.value.nullable) schema = or_null(std::move(schema));
    if (!field.word.empty()) schema = {{"anyOf", {std::move(schema), {{"const", field.word}}}}};
    if (!field.help.empty()) schema["description"] = field.help;
    if (field.is_secret) schema["writeOnly"] = true;
    if (!field.is_required && field.value.type != FieldType::kObject) schema["default"] = field.fallback;
    return schema;
}

json object_schema(const FieldList& list, json* components) {
    json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", json::object()}};
    if (!list.help.empty()) schema["description"] = list.help;
    for (const auto& field : list.fields) {
        if (field.is_internal) continue;
        if (field.is_required) schema["required"].push_back(field.name);
        schema["properties"][field.name] = field_schema(field, components);
    }
    if (list.shorthand.empty()) return schema;
    return {{"anyOf", {{{"type", "string"}, {"description", list.find(list.shorthand)->help}}, std::move(schema)}}};
}

void take_secrets_below(json& object, const FieldList& list, const std::string& path, json& taken) {
    for (const auto& field : list.fields) {
        const auto member = object.is_object() ? object.find(field.name) : object.end();
        if (!object.is_object() || member == object.end()) continue;
        const auto place = path + "/" + field.name;
        if (field.is_secret) {
            if (*member != "") taken[place] = *member;
            object.erase(member);
        } else if (field.value.type == FieldType::kObject) {
            take_secrets_below(*member, *field.value.object, place, taken);
        } else if (field.value.type == FieldType::kVariant && member->is_object()) {
            const auto type = member->value("type", json());
            for (const auto& variant : field.value.variants)
                if (type == variant.word) take_secrets_below(*member, *variant.fields, place, taken);
        }
    }
}

}  // namespace

json take_secrets(json& document, const FieldList& list) {
    auto taken = json::object();
    take_secrets_below(document, list, "", taken);
    return taken;
}

std::string FieldLimits::fault(double number) const {
    if (above && number <= low) return fmt::format("greater than {}", low);
    if (has_low() && has_high() && !above) return fmt::format("{} to {}", low, high);
    return number < low ? fmt::format("at least {}", low) : fmt::format("at most {}", high);
}

FieldPlace item_place(const FieldPlace& list, std::size_t index) {
    const auto number = fmt::format("Item {}", index + 1);
    return {fmt::format("{}/{}", list.path, index), list.label.empty() ? number : number + " of " + list.label};
}

tl::unexpected<Error> wrong_type(const std::string& expected, const json& value, const FieldPlace& at) {
    if (at.label.empty()) return invalid(at, fmt::format("Expected {}, got {}", expected, shown(value)));
    return invalid(at, fmt::format("{} must be {}, got {}", at.label, expected, shown(value)));
}

Status check_field(const FieldFacts& field, const json& value, const FieldPlace& at) {
    if (!value.is_array()) return check_number(field, value, at);
    for (std::size_t i = 0; i < value.size(); ++i) DIGITS_TRY(check_number(field, value[i], item_place(at, i)));
    return {};
}

Result<json> parse_field_text(const FieldFacts& field, const std::string& text) {
    return parse_value_text(field, field.value, text, {"/" + field.name, field.label});
}

const FieldFacts* FieldList::find(std::string_view field_name) const {
    const auto found = std::ranges::find(fields, field_name, &FieldFacts::name);
    return found == fields.end() ? nullptr : &*found;
}

json json_schema(const FieldList& list, json* components) {
    if (!components || list.name.empty()) return object_schema(list, components);
    if (!components->contains(list.name)) (*components)[list.name] = object_schema(list, components);
    return {{"$ref", "#/components/schemas/" + list.name}};
}

}  // namespace digits
