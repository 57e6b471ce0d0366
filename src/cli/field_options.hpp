#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/field_facts.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace digits::cli {

/// Options of a command that follow from the declared fields of a spec: name, type, limits, default and help. Must live
/// until the command line is parsed.
class FieldOptions {
  public:
    /// An option for each field that has one; fields below objects included. Call it once a list.
    void add(CLI::App& command, const FieldList& fields);
    /// An option for each field of each variant, in a group of the help of its own. Fields of the same option are one
    /// option, which belongs to each of these variants.
    void add_variants(CLI::App& command, const FieldFacts& variant_field, const std::string& path);

    /// Puts what was given where it belongs: `{"solver": {"base_lr": 0.1}}`.
    Status write(nlohmann::json& spec) const;
    /// The members that were given of one variant. Errors: kInvalidArgument for an option of another one.
    Result<nlohmann::json> variant_members(const std::string& word) const;
    /// Whether an option (named without dashes) is on the command line.
    bool given(const std::string& option) const;
    /// The first option of a variant that is on the command line, with its dashes; "" for none.
    std::string given_of_variants() const;

  private:
    struct Use {
        std::string variant;  ///< "" for a plain field
        std::string path;     ///< JSON pointer
        FieldFacts facts;
    };
    struct Entry {
        CLI::Option* option = nullptr;
        std::vector<Use> uses;
        std::vector<std::string> values;
        bool off = false;  ///< a flag that turns something off
    };

    void add_option(CLI::App& command, Use use, const std::string& group);
    static Result<nlohmann::json> value_of(const Entry& entry, const Use& use);

    std::deque<Entry> entries_;  ///< CLI11 keeps their addresses
};

/// Absolute and without "." and ".."; "" stays.
std::string absolute_path(const std::string& path);

}  // namespace digits::cli
