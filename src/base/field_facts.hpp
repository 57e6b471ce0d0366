#pragma once

// What is known of the fields of a struct when the program runs: made from a JsonBinding (json_binding.hpp), read by
// whatever shows or asks for fields: the OpenAPI document, the command line, forms. No templates, so each is compiled
// once. Include it in sources, not in headers: it brings the whole JSON library.

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

enum class FieldType { kAny, kBoolean, kInteger, kNumber, kText, kChoice, kList, kMap, kObject, kVariant };

/// What a text names on the server's machine.
enum class PlaceKind { kNone, kFolder, kFile };

struct FieldList;

/// What a value may be.
struct ValueFacts {
    /// One of several objects, told apart by their member "type".
    struct Variant {
        std::string word;
        std::string label;
        std::string help;
        std::vector<std::string> tasks;     ///< that can use it, the usual one first
        const FieldList* fields = nullptr;  ///< without "type"; lives as long as the program
    };

    FieldType type = FieldType::kAny;
    bool nullable = false;
    bool is_unsigned = false;
    std::vector<std::string> words;          ///< kChoice
    std::shared_ptr<const ValueFacts> item;  ///< kList, kMap
    const FieldList* object = nullptr;       ///< kObject; lives as long as the program
    std::vector<Variant> variants;           ///< kVariant
};

struct FieldLimits {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool above = false;  ///< `low` itself is too little

    bool allow(double number) const { return (above ? number > low : number >= low) && number <= high; }
    bool has_low() const { return low != -std::numeric_limits<double>::infinity(); }
    bool has_high() const { return high != std::numeric_limits<double>::infinity(); }
    /// What a number that is not allowed must be: "at least 1", "greater than 0", "1 to 100".
    std::string fault(double number) const;
};

struct FieldFacts {
    std::string name;  ///< JSON member
    ValueFacts value;
    nlohmann::json fallback;  ///< what a missing member means
    bool is_required = false;
    FieldLimits limits;                 ///< of a number, or of each number of a list
    std::vector<std::int64_t> numbers;  ///< the only ones allowed; empty: all within the limits
    std::string word;                   ///< may stand for the number: "auto"
    std::string label;                  ///< what people call it; derived from the name when not declared
    std::string help;
    std::string unit;
    std::string key;     ///< of the text catalogue: label; `key` + ".help": help
    std::string cli;     ///< option without dashes; derived from the name when not declared; empty: none
    std::string digits;  ///< field of DIGITS's forms; empty: none
    PlaceKind place = PlaceKind::kNone;
    std::string when_path;     ///< JSON path of another field of the spec …
    std::string when_value;    ///< … which must have this value for the field to matter; empty: it always does
    std::string default_path;  ///< JSON path of a choice of the spec …
    nlohmann::json defaults;   ///< … and what a missing member means by its value; for others the field is unused
    bool is_advanced = false;  ///< seldom needed: forms fold it away
    bool is_internal = false;  ///< the server fills it in: it is read, and told to nobody
    bool is_secret = false;    ///< a password and the like: never in what is stored and shown
};

struct FieldList {
    std::string name;  ///< of the schema: "Image"; empty: it has no name of its own
    std::string help;
    std::string shorthand;             ///< the member that a bare text stands for
    bool omits_empty = false;          ///< members that are empty texts are not printed
    std::vector<std::string> retired;  ///< members of earlier versions: read and ignored
    std::vector<FieldFacts> fields;

    const FieldFacts* find(std::string_view field_name) const;
};

/// The place of a value: for programs, and for people ("" for a whole document).
struct FieldPlace {
    std::string path;
    std::string label;
};
FieldPlace item_place(const FieldPlace& list, std::size_t index);

/// "Epochs must be a number, got \"x\""
tl::unexpected<Error> wrong_type(const std::string& expected, const nlohmann::json& json, const FieldPlace& at);

/// Whether a number, or each number of a list, is one that the field allows. Errors: kInvalidArgument.
Status check_field(const FieldFacts& field, const nlohmann::json& value, const FieldPlace& at);

/// A value that somebody typed, as JSON: "0.1" for a number, "true" for a flag, "1, 2" for a list, anything for a text.
/// Errors: kInvalidArgument, naming the field by its label.
Result<nlohmann::json> parse_field_text(const FieldFacts& field, const std::string& text);

/// Sees each field below `list` that is not an object of its own, with its JSON path ("/solver/base_lr"). Internal
/// fields are left out. Variants are seen as one field.
template <class Visit>
void for_each_field(const FieldList& list, const Visit& visit, const std::string& path = "") {
    for (const auto& field : list.fields) {
        if (field.is_internal) continue;
        if (field.value.type == FieldType::kObject) {
            for_each_field(*field.value.object, visit, path + "/" + field.name);
        } else {
            visit(field, path + "/" + field.name);
        }
    }
}

/// Takes the secrets out of a document of these fields: by JSON pointer, `{"/source/secret_key": "…"}`. Empty texts are
/// taken out, too, but not told.
nlohmann::json take_secrets(nlohmann::json& document, const FieldList& list);

/// The schema of JSON Schema 2020-12. Objects with a name go to `components` and are referred to as
/// `#/components/schemas/NAME`; without `components` everything is in one schema.
nlohmann::json json_schema(const FieldList& list, nlohmann::json* components = nullptr);

}  // namespace digits
