#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"

namespace digits {

struct FieldList;

enum class EvaluationSourceType { kSplit, kList, kFolder, kDatabase };
template <>
struct EnumNames<EvaluationSourceType> {
    static constexpr std::array<std::pair<EvaluationSourceType, std::string_view>, 4> kNames{{
        {EvaluationSourceType::kSplit, "split"},
        {EvaluationSourceType::kList, "list"},
        {EvaluationSourceType::kFolder, "folder"},
        {EvaluationSourceType::kDatabase, "database"},
    }};
};

/// Which images a network is asked about.
struct EvaluationSource {
    EvaluationSourceType type = EvaluationSourceType::kSplit;
    std::string split;       ///< of the model's dataset; empty: val
    std::string path;        ///< of the list, the folder or the folder of a database
    std::string root;        ///< before the relative paths of a list
    std::int64_t limit = 0;  ///< of images; 0: all
};

/// docs/formats/specs.md says what each member means.
struct EvaluationSpec {
    std::string model_id;
    std::string snapshot = "best";  ///< or "last", or an iteration
    EvaluationSource source;
    int batch_size = 32;
    int threads = 0;  ///< 0: all cores
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<EvaluationSpec> parse_evaluation_spec(const nlohmann::json& json);
nlohmann::json to_json(const EvaluationSpec& spec);
const FieldList& evaluation_fields();

}  // namespace digits
