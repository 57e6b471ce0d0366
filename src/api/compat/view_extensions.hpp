#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/compat/forms/arguments.hpp"
#include "api/requests/classification.hpp"
#include "base/result.hpp"

namespace digits::api::compat {

/// One of DIGITS's visualization methods.
struct ViewExtension {
    struct Field {
        std::string_view name;
        std::string_view fallback;
        std::vector<std::string_view> choices;  ///< none: a whole number from 1
    };
    std::string_view id;
    std::string_view title;
    std::string_view kind;  ///< ours: a word of OutputViewKind
    std::vector<Field> fields;
};

/// Null for one that DIGITS does not have built in.
const ViewExtension* find_view_extension(std::string_view id);

/// The view that a request asks for by `view_extension_id` and the fields of the extension; without one the raw data.
/// Errors, as in DIGITS those of a server: an unknown extension, a field of another value.
Result<AnswerChoices> read_view(const Arguments& arguments);

}  // namespace digits::api::compat
