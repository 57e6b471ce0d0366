// The JSON of specs, as a client sends it.

#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "data/dataset_spec.hpp"
#include "data/evaluation_spec.hpp"
#include "fuzz.hpp"
#include "models/model_spec.hpp"
#include "models/pretrained_spec.hpp"

namespace {

using namespace digits;

/// What is printed is read as the same.
template <class Parse>
void try_spec(const nlohmann::json& json, Parse parse) {
    const auto spec = parse(json);
    fuzz::require_sentence(spec);
    if (!spec) return;
    const auto printed = to_json(*spec);
    const auto again = parse(printed);
    if (!again) std::fprintf(stderr, "%s: %s\n", printed.dump().c_str(), again.error().to_string().c_str());
    fuzz::require(again.has_value(), "what is printed can be read");
    fuzz::require(to_json(*again) == printed, "what is printed stays the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = api::parse_object(fuzz::text_of(data, size), {"name", "spec"});
    fuzz::require_sentence(body);
    if (!body) return 0;
    fuzz::require_sentence(api::text_member(*body, "name", true));
    const auto spec = body->value("spec", nlohmann::json());
    try_spec(spec, parse_dataset_spec);
    try_spec(spec, parse_model_spec);
    try_spec(spec, parse_evaluation_spec);
    try_spec(spec, parse_pretrained_spec);
    return 0;
}
