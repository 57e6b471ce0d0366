#pragma once

// Makes a SourceKind from options that have a JsonBinding. Include it in the source's .cpp.

#include <memory>
#include <utility>

#include "base/json_binding.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/source.hpp"

namespace digits {

template <class Options>
const Options& options_as(const SourceOptions& options) {
    return dynamic_cast<const Options&>(options);
}

/// What shares and limits of a class tell together, where options have them.
template <class Options>
Status check_shares(const Options& options, const std::string& where) {
    if constexpr (requires { options.percent_val; })
        DIGITS_TRY(check_percentages(options.percent_val, options.percent_test, where));
    if constexpr (requires { options.min_per_class; })
        DIGITS_TRY(check_class_limits(options.min_per_class, options.max_per_class, "", where));
    return {};
}

/// `Options` derives from SourceOptions and has
///   Status validate(const std::string& where) const;      what no single field tells; absent: check_shares()
///   std::vector<SourcePlace> places() const;
///   std::vector<Split> splits() const;
/// and `Source` has
///   static Result<std::unique_ptr<SampleSource>> open(const Options&, const SourceContext&);
template <class Options, class Source>
SourceKind source_kind(std::string_view name, std::string_view title, std::string_view help,
                       std::vector<std::string_view> tasks) {
    SourceKind kind;
    kind.name = name;
    kind.title = title;
    kind.help = help;
    kind.tasks = std::move(tasks);
    kind.parse = [](const nlohmann::json& json,
                    const std::string& where) -> Result<std::shared_ptr<const SourceOptions>> {
        auto options = std::make_shared<Options>();
        DIGITS_TRY(from_json(json, *options, where));
        if constexpr (requires { options->validate(where); })
            DIGITS_TRY(options->validate(where));
        else
            DIGITS_TRY(check_shares(*options, where));
        return options;
    };
    kind.print = [](const SourceOptions& options) { return to_json<Options>(options_as<Options>(options)); };
    kind.fields = []() -> const FieldList& { return field_list<Options>(); };
    kind.places = [](const SourceOptions& options) { return options_as<Options>(options).places(); };
    kind.splits = [](const SourceOptions& options) { return options_as<Options>(options).splits(); };
    kind.open = [](const SourceOptions& options, const SourceContext& context) {
        return Source::open(options_as<Options>(options), context);
    };
    if constexpr (requires { &Source::example; })
        kind.example = [](const SourceOptions& options, const SourceContext& context) {
            return Source::example(options_as<Options>(options), context);
        };
    return kind;
}

/// kInvalidArgument at a member of the source.
inline tl::unexpected<Error> wrong_source(const std::string& where, std::string_view member, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where + "/" + std::string(member), {}});
}

}  // namespace digits
