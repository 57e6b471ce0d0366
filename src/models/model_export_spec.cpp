#include "models/model_export_spec.hpp"

#include "base/json_binding.hpp"
#include "models/nms_field.hpp"

namespace digits {

template <>
struct JsonBinding<ModelExportSpec> {
    static constexpr const char* kSchema = "ModelExportSpec";
    static Fields fields() {
        using S = ModelExportSpec;
        return {json_field("format", &S::format)
                    .label("Format")
                    .help("ONNX, or safetensors (weights only)")
                    .key("field.model_format")
                    .cli("")
                    .required(),
                nms_field<S>()};
    }
};

Result<ModelExportSpec> parse_model_export_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<ModelExportSpec>(json));
    if (spec.nms && spec.format != ModelFileFormat::kOnnx)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "Only ONNX files can hold non-maximum suppression; safetensors holds weights")
                        .at("/nms"));
    return spec;
}

const FieldList& model_export_fields() { return field_list<ModelExportSpec>(); }

}  // namespace digits
