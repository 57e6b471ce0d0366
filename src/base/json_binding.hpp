#pragma once

// One declaration of a struct's fields gives parsing (unknown fields, types, limits, each error with its JSON path and
// the field's label), printing, defaults and what schemas, command line and forms need (field_facts.hpp). Include it in
// sources, not in headers: it brings the whole JSON library.
//
//   struct ImageSpec { int width = 256; ResizeMode resize = ResizeMode::kSquash; };
//   template <> struct digits::JsonBinding<ImageSpec> {
//       static constexpr const char* kSchema = "Image";  // optional: the name of its schema
//       static Fields fields() {
//           return {json_field("width", &ImageSpec::width).label("Width").unit("px").range(1, 10000),
//                   json_field("resize", &ImageSpec::resize).label("Resize transformation").digits("resize_mode")};
//       }
//   };
//
// Further optional members of a binding: kHelp; kShorthand, the member that a bare text stands for; kOmitsEmpty, to
// print no empty texts; kRetired, an array of members of earlier versions, which are read and ignored. A type that is
// no struct of fields specialises JsonValue instead.

#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

#include "base/field_facts.hpp"
#include "base/result.hpp"

namespace digits {

template <class T>
struct JsonBinding;

template <class T>
concept JsonBound = requires { JsonBinding<T>::fields(); };

/// A type with words of its own in JSON: `static Status read(const nlohmann::json&, T&, const FieldPlace&)`,
/// `static nlohmann::json print(const T&)`, `static ValueFacts facts()`.
template <class T>
struct JsonValue;

template <class T>
concept JsonValued = requires { JsonValue<T>::facts(); };

/// How values of one type are read and printed, behind untyped pointers.
struct ValueOps {
    Status (*read)(const nlohmann::json&, void* value, const FieldPlace&);
    nlohmann::json (*print)(const void* value);
    ValueFacts (*facts)();
};

/// A declared field. Each function adds one fact and gives the field back.
class Field {
  public:
    Field(const char* name, std::size_t offset, const ValueOps& ops, const std::type_info& owner);

    /// What people call it, in sentence case; derived from the name when absent.
    Field label(const char* text) const;
    /// One sentence without full stop.
    Field help(const char* text) const;
    Field unit(const char* text) const;
    /// Of the page's text catalogue; absent: "field." and the name.
    Field key(const char* text) const;
    /// Inclusive; of numbers and lists of numbers.
    Field range(double least, double most) const;
    Field at_least(double least) const;
    Field above(double limit) const;
    /// The only numbers.
    Field one_of(std::vector<std::int64_t> numbers) const;
    /// A missing member is an error, and so is an empty text.
    Field required() const;
    /// For a required text: it must be there, and may be "".
    Field may_be_empty() const;
    /// The option's name without dashes; "" for none.
    Field cli(const char* option) const;
    /// The field of DIGITS's form.
    Field digits(const char* field) const;
    Field path(PlaceKind kind) const;
    /// Matters only while the field at this JSON path of the spec has this value.
    Field when(const char* path, const char* value) const;
    /// What a missing member means depends on the choice at this JSON path: `{"step": 0.1}`. The field matters only
    /// while the choice is one of these.
    Field default_by(const char* path, nlohmann::json defaults) const;
    Field advanced() const;
    Field internal() const;
    Field secret() const;
    /// A word in place of the number, which then stays as it is: `flag` is set.
    template <class Struct>
    Field or_word(const char* word, bool Struct::* flag) const;

    FieldFacts facts;
    std::size_t offset;
    const ValueOps* ops;
    const std::type_info* owner;
    std::optional<std::size_t> flag;
    bool may_be_empty_text = false;
};
using Fields = std::vector<Field>;

/// A struct's fields and their offsets.
struct ObjectTable {
    FieldList list;
    Fields fields;
};

namespace json_detail {

template <class T>
const T& default_of() {
    static const T value{};
    return value;
}

template <class Struct, class Owner, class Member>
std::size_t offset_of(Member Owner::* member) {
    const Struct& object = default_of<Struct>();
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(object.*member)) -
                                    reinterpret_cast<const char*>(&object));
}

template <class T>
const ValueOps& value_ops();

}  // namespace json_detail

/// For a member of a base class give the struct: `json_field<FolderOptions>("seed", &CommonOptions::seed)`.
template <class Struct = void, class Owner, class Member>
Field json_field(const char* name, Member Owner::* member) {
    using Whole = std::conditional_t<std::is_void_v<Struct>, Owner, Struct>;
    return {name, json_detail::offset_of<Whole>(member), json_detail::value_ops<Member>(), typeid(Whole)};
}

template <class Struct>
Field Field::or_word(const char* word, bool Struct::* is_word) const {
    Field copy = *this;
    copy.facts.word = word;
    copy.flag = json_detail::offset_of<Struct>(is_word);
    return copy;
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

Result<std::int64_t> read_integer(const nlohmann::json& json, std::int64_t low, std::int64_t high,
                                  const FieldPlace& at);
/// The index of a word; `ignore_case`: whatever its letters' case.
Result<std::size_t> read_word(const nlohmann::json& json, const std::vector<std::string>& words, bool ignore_case,
                              const FieldPlace& at);
Status read_object(const nlohmann::json& json, void* object, const ObjectTable& table, const FieldPlace& at);
nlohmann::json print_object(const void* object, const ObjectTable& table);
FieldPlace member_place(const FieldPlace& map, const std::string& key);
/// Fills in what no field declares itself. `owner`: the struct that all fields must belong to.
ObjectTable make_table(FieldList list, Fields fields, const void* defaults, const std::type_info& owner);

/// Of earlier bindings, which list their fields in a tuple.
template <class... Each>
Fields as_fields(std::tuple<Each...> fields) {
    return std::apply([](auto&... each) { return Fields{each...}; }, fields);
}
inline Fields as_fields(Fields fields) { return fields; }

template <class T>
const ObjectTable& object_table() {
    static const ObjectTable table = [] {
        using Binding = JsonBinding<T>;
        FieldList list;
        if constexpr (requires { Binding::kSchema; }) list.name = Binding::kSchema;
        if constexpr (requires { Binding::kHelp; }) list.help = Binding::kHelp;
        if constexpr (requires { Binding::kShorthand; }) list.shorthand = Binding::kShorthand;
        if constexpr (requires { Binding::kOmitsEmpty; }) list.omits_empty = Binding::kOmitsEmpty;
        if constexpr (requires { Binding::kRetired; })
            list.retired.assign(std::begin(Binding::kRetired), std::end(Binding::kRetired));
        return make_table(std::move(list), as_fields(Binding::fields()), &default_of<T>(), typeid(T));
    }();
    return table;
}

template <NamedEnum E>
const std::vector<std::string>& words_of() {
    static const std::vector<std::string> words = [] {
        std::vector<std::string> all;
        for (const auto& [key, name] : EnumNames<E>::kNames) all.emplace_back(name);
        return all;
    }();
    return words;
}

template <class T>
Status read_value(const nlohmann::json& json, void* value, const FieldPlace& at) {
    T& out = *static_cast<T*>(value);
    if constexpr (JsonValued<T>) {
        return JsonValue<T>::read(json, out, at);
    } else if constexpr (std::same_as<T, nlohmann::json>) {
        out = json;
    } else if constexpr (std::same_as<T, bool>) {
        if (!json.is_boolean()) return wrong_type("true or false", json, at);
        out = json.get<bool>();
    } else if constexpr (std::integral<T>) {
        using Limits = std::numeric_limits<T>;
        constexpr bool kIsWide = !std::in_range<std::int64_t>(Limits::max());
        constexpr auto kMost =
            kIsWide ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(Limits::max());
        DIGITS_ASSIGN(const auto number, read_integer(json, static_cast<std::int64_t>(Limits::min()), kMost, at));
        out = static_cast<T>(number);
    } else if constexpr (std::floating_point<T>) {
        if (!json.is_number()) return wrong_type("a number", json, at);
        out = json.get<T>();
    } else if constexpr (std::same_as<T, std::string>) {
        if (!json.is_string()) return wrong_type("a text", json, at);
        out = json.get<std::string>();
    } else if constexpr (NamedEnum<T>) {
        constexpr bool kIgnoreCase = requires { EnumNames<T>::kIgnoreCase; };
        DIGITS_ASSIGN(const auto index, read_word(json, words_of<T>(), kIgnoreCase, at));
        out = EnumNames<T>::kNames[index].first;
    } else if constexpr (IsOptional<T>::value) {
        if (json.is_null()) {
            out.reset();
        } else {
            return read_value<typename T::value_type>(json, &out.emplace(), at);
        }
    } else if constexpr (IsVector<T>::value) {
        if (!json.is_array()) return wrong_type("a list", json, at);
        out.clear();
        for (std::size_t i = 0; i < json.size(); ++i) {
            typename T::value_type item{};
            DIGITS_TRY(read_value<typename T::value_type>(json[i], &item, item_place(at, i)));
            out.push_back(std::move(item));
        }
    } else if constexpr (IsMap<T>::value) {
        if (!json.is_object()) return wrong_type("an object", json, at);
        out.clear();
        for (const auto& [key, item] : json.items())
            DIGITS_TRY(read_value<typename T::mapped_type>(item, &out[key], member_place(at, key)));
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T> or JsonValue<T>");
        return read_object(json, &out, object_table<T>(), at);
    }
    return {};
}

template <class T>
nlohmann::json print_value(const void* value) {
    const T& in = *static_cast<const T*>(value);
    if constexpr (JsonValued<T>) {
        return JsonValue<T>::print(in);
    } else if constexpr (std::same_as<T, nlohmann::json> || std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
        return in;
    } else if constexpr (NamedEnum<T>) {
        return std::string(enum_name(in));
    } else if constexpr (IsOptional<T>::value) {
        return in ? print_value<typename T::value_type>(&*in) : nlohmann::json(nullptr);
    } else if constexpr (IsVector<T>::value) {
        auto list = nlohmann::json::array();
        for (const typename T::value_type& item : in) list.push_back(print_value<typename T::value_type>(&item));
        return list;
    } else if constexpr (IsMap<T>::value) {
        auto object = nlohmann::json::object();
        for (const auto& [key, item] : in) object[key] = print_value<typename T::mapped_type>(&item);
        return object;
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T> or JsonValue<T>");
        return print_object(&in, object_table<T>());
    }
}

template <class T>
ValueFacts value_facts() {
    ValueFacts facts;
    if constexpr (JsonValued<T>) {
        facts = JsonValue<T>::facts();
    } else if constexpr (std::same_as<T, nlohmann::json>) {
        facts.type = FieldType::kAny;
    } else if constexpr (std::same_as<T, bool>) {
        facts.type = FieldType::kBoolean;
    } else if constexpr (std::integral<T>) {
        facts.type = FieldType::kInteger;
        facts.is_unsigned = std::is_unsigned_v<T>;
    } else if constexpr (std::floating_point<T>) {
        facts.type = FieldType::kNumber;
    } else if constexpr (std::same_as<T, std::string>) {
        facts.type = FieldType::kText;
    } else if constexpr (NamedEnum<T>) {
        facts.type = FieldType::kChoice;
        facts.words = words_of<T>();
    } else if constexpr (IsOptional<T>::value) {
        facts = value_facts<typename T::value_type>();
        facts.nullable = true;
    } else if constexpr (IsVector<T>::value) {
        facts.type = FieldType::kList;
        facts.item = std::make_shared<const ValueFacts>(value_facts<typename T::value_type>());
    } else if constexpr (IsMap<T>::value) {
        facts.type = FieldType::kMap;
        facts.item = std::make_shared<const ValueFacts>(value_facts<typename T::mapped_type>());
    } else {
        static_assert(JsonBound<T>, "specialise JsonBinding<T> or JsonValue<T>");
        facts.type = FieldType::kObject;
        facts.object = &object_table<T>().list;
    }
    return facts;
}

template <class T>
const ValueOps& value_ops() {
    static constexpr ValueOps ops{read_value<T>, print_value<T>, value_facts<T>};
    return ops;
}

}  // namespace json_detail

template <class T>
Status from_json(const nlohmann::json& json, T& value, const std::string& path) {
    return json_detail::read_value<T>(json, &value, {path, ""});
}

template <class T>
nlohmann::json to_json(const T& value) {
    return json_detail::print_value<T>(&value);
}

/// Parses a whole document; `path` is where it is in a larger one ("" for the root).
template <class T>
Result<T> parse_json(const nlohmann::json& json, const std::string& path = "") {
    T value{};
    DIGITS_TRY(from_json(json, value, path));
    return value;
}

/// Lives as long as the program.
template <JsonBound T>
const FieldList& field_list() {
    return json_detail::object_table<T>().list;
}

}  // namespace digits
