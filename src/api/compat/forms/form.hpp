#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/compat/forms/arguments.hpp"
#include "base/field_facts.hpp"

namespace digits::api::compat {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct Range {
    double low = -kNoLimit;
    double high = kNoLimit;
};

/// Reads the fields of a form as WTForms does, with its defaults, and gathers what is wrong with them in its words.
class Form {
  public:
    explicit Form(const Arguments& arguments) : arguments_(arguments) {}

    std::string text(const std::string& name, std::string_view fallback = "") const;
    /// Empty, with an error, if it is missing.
    std::string required_text(const std::string& name);
    /// False where a form lacks it, as a browser leaves out an unticked box.
    bool flag(const std::string& name) const;
    std::string choice(const std::string& name, std::string_view fallback,
                       std::initializer_list<std::string_view> choices);
    std::string choice(const std::string& name, std::string_view fallback, std::span<const std::string> choices);
    /// None, with an error, for what is not a number or out of range; an empty field is none.
    std::optional<std::int64_t> integer(const std::string& name, Range range,
                                        std::optional<std::int64_t> fallback = {});
    std::optional<double> number(const std::string& name, Range range, std::optional<double> fallback = {});
    /// As above; to be empty is an error.
    std::int64_t required_integer(const std::string& name, Range range, std::optional<std::int64_t> fallback = {});
    double required_number(const std::string& name, Range range, std::optional<double> fallback = {});
    /// "0.1, 0.01" or "[0.1, 0.01]".
    std::vector<double> numbers(const std::string& name, Range range, std::vector<double> fallback,
                                const char* complaint = "Not a valid float value");
    /// An empty field is none.
    std::vector<std::int64_t> integers(const std::string& name, Range range);

    /// The fields at these places of the spec ("/image/width"), each with the name, type, limits, choices and default
    /// that `fields` declare. To be empty is an error, but for those that may be null.
    void read_required(const FieldList& fields, std::initializer_list<std::string> places, nlohmann::json& spec);
    /// As above; an empty field has its default.
    void read_optional(const FieldList& fields, std::initializer_list<std::string> places, nlohmann::json& spec);

    void refuse(const std::string& field, std::string message);
    bool ok() const { return errors_.empty(); }
    /// `{field: [message]}`
    const nlohmann::json& errors() const { return errors_; }
    const Arguments& arguments() const { return arguments_; }

  private:
    nlohmann::json read_declared(const FieldFacts& field);
    bool check_range(const std::string& name, double value, Range range);

    const Arguments& arguments_;
    nlohmann::json errors_ = nlohmann::json::object();
};

/// The field of DIGITS's form for a place of a spec ("/source/path") or for one that contains it; empty: none is
/// declared.
std::string declared_field_of(const FieldList& fields, std::string_view place);

/// The declared limits of a number at a place of the spec.
Range range_of(const FieldList& fields, std::string_view place);

/// A finite number, and nothing beside it.
std::optional<double> parse_number(std::string_view text);

/// A number as Python writes it: "0.01", "1.0", "1e-05".
std::string python_number(double value);

inline constexpr const char* kRequired = "This field is required.";

}  // namespace digits::api::compat
