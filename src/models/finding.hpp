#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.hpp"
#include "base/result.hpp"

namespace digits {

enum class Severity { kError, kWarning };

/// Something that is wrong with a model, found before it is trained.
struct ModelFinding {
    Severity severity = Severity::kError;
    std::string message;
    std::optional<int> line;  ///< in the network's text, from 1
    std::optional<int> column;
    std::string layer;  ///< empty: none is to blame
    std::string where;  ///< the field of the spec that is to blame, "/early_stopping/metric"; empty: none
    std::string advice;
    std::optional<int> needs_side;  ///< the network works with square images of this side; a new dataset would help
};

/// A finding about a layer ("[conv1] …") points to the place in the network's `text`: the field of the layer that the
/// message names or quotes, else the layer's name.
ModelFinding finding_of(Severity severity, const Error& error, std::string_view text);

/// `{"severity", "message", "line", "column", "layer", "where", "advice", "needs_side"}`, with null for what is not
/// known.
nlohmann::json to_json(const ModelFinding& finding);
/// Of what to_json() has written.
ModelFinding finding_from_json(const nlohmann::json& json);

template <>
struct EnumNames<Severity> {
    static constexpr std::array<std::pair<Severity, std::string_view>, 2> kNames{
        {{Severity::kError, "error"}, {Severity::kWarning, "warning"}}};
};

}  // namespace digits
