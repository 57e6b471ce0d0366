#include "base/json_binding.hpp"

#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace digits {
namespace {

using nlohmann::json;

tl::unexpected<Error> invalid(const FieldPlace& at, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), at.path.empty() ? "/" : at.path, {}});
}

std::string listed(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

/// "val_batch_size": "Val batch size"
std::string label_of(std::string name) {
    std::ranges::replace(name, '_', ' ');
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

Status read_field(const Field& field, const json& object, char* base, const FieldPlace& parent) {
    const auto& facts = field.facts;
    const FieldPlace at{parent.path + "/" + facts.name, facts.label};
    const auto found = object.find(facts.name);
    const bool is_empty = found != object.end() && facts.value.type == FieldType::kText && *found == "";
    if (found == object.end() || is_empty) {
        if (facts.is_required && !(is_empty && field.may_be_empty_text))
            return invalid(at, facts.label + " is required");
        if (!is_empty) return {};
    }
    if (field.flag && *found == facts.word) {
        *reinterpret_cast<bool*>(base + *field.flag) = true;
        return {};
    }
    DIGITS_TRY(field.ops->read(*found, base + field.offset, at));
    return check_field(facts, *found, at);
}

}  // namespace

Field::Field(const char* name, std::size_t member_offset, const ValueOps& value_ops, const std::type_info& struct_type)
    : offset(member_offset), ops(&value_ops), owner(&struct_type) {
    facts.name = name;
    facts.label = label_of(name);
    facts.key = std::string("field.") + name;
    facts.cli = name;
    std::ranges::replace(facts.cli, '_', '-');
}

Field Field::label(const char* text) const {
    Field copy = *this;
    copy.facts.label = text;
    return copy;
}
Field Field::help(const char* text) const {
    Field copy = *this;
    copy.facts.help = text;
    return copy;
}
Field Field::unit(const char* text) const {
    Field copy = *this;
    copy.facts.unit = text;
    return copy;
}
Field Field::key(const char* text) const {
    Field copy = *this;
    copy.facts.key = text;
    return copy;
}
Field Field::range(double least, double most) const {
    Field copy = *this;
    copy.facts.limits = {least, most, false};
    return copy;
}
Field Field::at_least(double least) const {
    Field copy = *this;
    copy.facts.limits.low = least;
    return copy;
}
Field Field::above(double limit) const {
    Field copy = *this;
    copy.facts.limits.low = limit;
    copy.facts.limits.above = true;
    return copy;
}
Field Field::one_of(std::vector<std::int64_t> numbers) const {
    Field copy = *this;
    copy.facts.numbers = std::move(numbers);
    return copy;
}
Field Field::may_be_empty() const {
    Field copy = *this;
    copy.may_be_empty_text = true;
    return copy;
}

Field Field::required() const {
    Field copy = *this;
    copy.facts.is_required = true;
    return copy;
}
Field Field::cli(const char* option) const {
    Field copy = *this;
    copy.facts.cli = option;
    return copy;
}
Field Field::digits(const char* field) const {
    Field copy = *this;
    copy.facts.digits = field;
    return copy;
}
Field Field::path(PlaceKind kind) const {
    Field copy = *this;
    copy.facts.place = kind;
    return copy;
}
Field Field::when(const char* path, const char* value) const {
    Field copy = *this;
    copy.facts.when_path = path;
    copy.facts.when_value = value;
    return copy;
}
Field Field::default_by(const char* path, nlohmann::json defaults) const {
    Field copy = *this;
    copy.facts.default_path = path;
    copy.facts.defaults = std::move(defaults);
    return copy;
}
Field Field::advanced() const {
    Field copy = *this;
    copy.facts.is_advanced = true;
    return copy;
}
Field Field::secret() const {
    Field copy = *this;
    copy.facts.is_secret = true;
    return copy;
}
Field Field::internal() const {
    Field copy = *this;
    copy.facts.is_internal = true;
    return copy;
}

namespace json_detail {

Result<std::int64_t> read_integer(const json& value, std::int64_t low, std::int64_t high, const FieldPlace& at) {
    constexpr double kMostWhole = 9007199254740992;  // beyond 2^53 a double holds no single numbers
    const bool is_whole_float = value.is_number_float() && std::abs(value.get<double>()) <= kMostWhole &&
                                std::trunc(value.get<double>()) == value.get<double>();
    if (!value.is_number_integer() && !is_whole_float) return wrong_type("a whole number", value, at);
    const bool is_beyond = value.is_number_unsigned() && !std::in_range<std::int64_t>(value.get<std::uint64_t>());
    const auto number = is_beyond ? std::numeric_limits<std::int64_t>::max() : value.get<std::int64_t>();
    if (is_beyond || number < low || number > high)
        return wrong_type(fmt::format("a whole number from {} to {}", low, high), value, at);
    return number;
}

Result<std::size_t> read_word(const json& value, const std::vector<std::string>& words, bool ignore_case,
                              const FieldPlace& at) {
    if (value.is_string()) {
        const auto& word = value.get_ref<const std::string&>();
        for (std::size_t i = 0; i < words.size(); ++i)
            if (word == words[i] || (ignore_case && strcasecmp(word.c_str(), words[i].c_str()) == 0)) return i;
    }
    return wrong_type("one of " + listed(words), value, at);
}

Status read_object(const json& value, void* object, const ObjectTable& table, const FieldPlace& at) {
    const auto& list = table.list;
    if (value.is_string() && !list.shorthand.empty())
        return read_object(json{{list.shorthand, value}}, object, table, at);
    if (!value.is_object())
        return wrong_type(list.shorthand.empty() ? "an object" : fmt::format("a {} or an object", list.shorthand),
                          value, at);
    for (const auto& [key, item] : value.items()) {
        if (list.find(key) || std::ranges::find(list.retired, key) != list.retired.end()) continue;
        std::vector<std::string> words;
        for (const auto& field : list.fields)
            if (!field.is_internal) words.push_back(field.name);
        return invalid({at.path + "/" + key, ""},
                       fmt::format("Unknown field \"{}\"; the known fields are {}", key, listed(words)));
    }
    for (const auto& field : table.fields) DIGITS_TRY(read_field(field, value, static_cast<char*>(object), at));
    return {};
}

json print_object(const void* object, const ObjectTable& table) {
    const auto* base = static_cast<const char*>(object);
    auto printed = json::object();
    for (const auto& field : table.fields) {
        const bool is_word = field.flag && *reinterpret_cast<const bool*>(base + *field.flag);
        auto value = is_word ? json(field.facts.word) : field.ops->print(base + field.offset);
        // Nor is a choice printed that was not made.
        if (table.list.omits_empty && (value == "" || value == false)) continue;
        printed[field.facts.name] = std::move(value);
    }
    const auto& shorthand = table.list.shorthand;
    if (!shorthand.empty() && printed.size() == 1 && printed.contains(shorthand)) return printed[shorthand];
    return printed;
}

FieldPlace member_place(const FieldPlace& map, const std::string& key) {
    return {map.path + "/" + key, map.label.empty() ? key : fmt::format("\"{}\" of {}", key, map.label)};
}

ObjectTable make_table(FieldList list, Fields fields, const void* defaults, const std::type_info& owner) {
    ObjectTable table{std::move(list), std::move(fields)};
    for (auto& field : table.fields) {
        DIGITS_CHECK(*field.owner == owner);
        field.facts.value = field.ops->facts();
        field.facts.fallback = field.ops->print(static_cast<const char*>(defaults) + field.offset);
        table.list.fields.push_back(field.facts);
    }
    return table;
}

}  // namespace json_detail
}  // namespace digits
