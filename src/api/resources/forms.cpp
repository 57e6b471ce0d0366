#include <nlohmann/json.hpp>

#include "api/openapi_document.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/field_facts.hpp"
#include "data/dataset_spec.hpp"
#include "data/evaluation_spec.hpp"
#include "data/exports/export_spec.hpp"
#include "models/model_export_spec.hpp"
#include "models/model_spec.hpp"
#include "models/publish_spec.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

const char* type_name(const ValueFacts& value) {
    switch (value.type) {
        case FieldType::kBoolean: return "boolean";
        case FieldType::kInteger: return "integer";
        case FieldType::kNumber: return "number";
        case FieldType::kText: return "text";
        case FieldType::kChoice: return "choice";
        case FieldType::kList: return "list";
        case FieldType::kVariant: return "variant";
        case FieldType::kAny:
        case FieldType::kMap:
        case FieldType::kObject: break;
    }
    return "json";
}

json form_of(const FieldList& list, const std::string& path);

json number_or_null(double value, bool is_there) { return is_there ? json(value) : json(nullptr); }

json form_field(const FieldFacts& field, const std::string& path) {
    const auto& limits = field.limits;
    json out{{"path", path},
             {"name", field.name},
             {"type", type_name(field.value)},
             {"required", field.is_required},
             {"nullable", field.value.nullable},
             {"default", field.fallback},
             {"minimum", number_or_null(limits.low, limits.has_low())},
             {"exclusive", limits.above},
             {"maximum", number_or_null(limits.high, limits.has_high())},
             {"numbers", field.numbers},
             {"choices", field.value.words},
             {"word", field.word},
             {"label", field.label},
             {"help", field.help},
             {"unit", field.unit},
             {"key", field.key},
             {"place", field.place == PlaceKind::kFolder ? "folder"
                       : field.place == PlaceKind::kFile ? "file"
                                                         : ""},
             {"when", field.when_path.empty() ? json() : json{{"path", field.when_path}, {"value", field.when_value}}},
             {"default_by",
              field.default_path.empty() ? json() : json{{"path", field.default_path}, {"values", field.defaults}}},
             {"advanced", field.is_advanced},
             {"secret", field.is_secret},
             {"variants", json::array()}};
    for (const auto& variant : field.value.variants)
        out["variants"].push_back({{"name", variant.word},
                                   {"tasks", variant.tasks},
                                   {"label", variant.label},
                                   {"help", variant.help},
                                   {"key", "source." + variant.word},
                                   {"fields", form_of(*variant.fields, path)}});
    return out;
}

json form_of(const FieldList& list, const std::string& path) {
    auto fields = json::array();
    for_each_field(
        list, [&](const FieldFacts& field, const std::string& place) { fields.push_back(form_field(field, place)); },
        path);
    return fields;
}

struct Form {
    std::string_view kind;
    const FieldList& (*fields)();
};
constexpr Form kForms[]{{"dataset", dataset_fields},           {"model", model_fields},
                        {"evaluation", evaluation_fields},     {"export", export_fields},
                        {"model_export", model_export_fields}, {"publication", publish_fields}};

}  // namespace

Result<json> form_document(std::string_view kind) {
    std::string kinds;
    for (const auto& form : kForms) {
        if (kind == form.kind) return json{{"kind", kind}, {"fields", form_of(form.fields(), "")}};
        kinds += (kinds.empty() ? "" : ", ") + std::string(form.kind);
    }
    return fail(ErrorCode::kNotFound, "There is no form \"{}\"; the forms are {}", kind.substr(0, 60), kinds);
}

void register_forms(http::Router& router, Context&) {
    router.add("GET", "/api/v1/forms/{kind}", [](const http::Request& request) -> Result<http::Response> {
        DIGITS_ASSIGN(const auto form, form_document(request.param("kind")));
        return json_response(200, form);
    });
}

}  // namespace digits::api
