#include "api/openapi_document.hpp"

#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "base/field_facts.hpp"
#include "data/dataset_spec.hpp"
#include "data/evaluation_spec.hpp"
#include "data/exports/export_spec.hpp"
#include "models/model_export_spec.hpp"
#include "models/model_spec.hpp"
#include "models/publish_spec.hpp"
#include "openapi_text.hpp"

namespace digits::api {

const std::string& openapi_document() {
    static const std::string text = [] {
        auto document = nlohmann::json::parse(kOpenApiText);
        auto declared = nlohmann::json::object();
        for (const auto* fields : {&dataset_fields(), &model_fields(), &evaluation_fields(), &export_fields(),
                                   &model_export_fields(), &publish_fields()})
            json_schema(*fields, &declared);
        auto& schemas = document["components"]["schemas"];
        for (auto& [name, schema] : declared.items()) {
            DIGITS_CHECK(!schemas.contains(name));  // one declaration of each
            schemas[name] = std::move(schema);
        }
        return document.dump(1);
    }();
    return text;
}

}  // namespace digits::api
