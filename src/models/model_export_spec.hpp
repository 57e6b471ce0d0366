#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <utility>

#include "base/enum_names.hpp"
#include "base/result.hpp"

namespace digits {

struct FieldList;

/// Files that a worker makes of a model for other programs.
enum class ModelFileFormat { kOnnx, kSafetensors };
template <>
struct EnumNames<ModelFileFormat> {
    static constexpr std::array<std::pair<ModelFileFormat, std::string_view>, 2> kNames{
        {{ModelFileFormat::kOnnx, "onnx"}, {ModelFileFormat::kSafetensors, "safetensors"}}};
};

/// How a snapshot is written; docs/formats/archive.md, "Other formats".
struct ModelExportSpec {
    ModelFileFormat format = ModelFileFormat::kOnnx;
    bool nms = false;  ///< non-maximum suppression inside an ONNX file
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<ModelExportSpec> parse_model_export_spec(const nlohmann::json& json);
const FieldList& model_export_fields();

}  // namespace digits
