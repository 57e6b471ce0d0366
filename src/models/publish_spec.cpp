#include "models/publish_spec.hpp"

#include <string_view>

#include "base/json_binding.hpp"
#include "data/sources/remote/bucket_fields.hpp"
#include "models/nms_field.hpp"

namespace digits {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

}  // namespace

template <>
struct JsonBinding<InferenceServerFacts> {
    static constexpr const char* kSchema = "InferenceServerFacts";
    static Fields fields() {
        using F = InferenceServerFacts;
        return {json_field("description", &F::description)
                    .label("Description")
                    .help("For the people who use the inference server")
                    .key("field.published_description")
                    .cli(""),
                json_field("modality", &F::modality)
                    .label("Modality")
                    .help("Of medical images: CT, XA, MR")
                    .advanced()
                    .cli(""),
                json_field("input_layer", &F::input_layer)
                    .label("Input layer")
                    .help("Name of the network's input, if the inference server wants it")
                    .advanced()
                    .cli(""),
                json_field("output_layer", &F::output_layer)
                    .label("Output layer")
                    .help("Name of the network's output, if the inference server wants it")
                    .advanced()
                    .cli(""),
                json_field("input_shape", &F::input_shape)
                    .label("Input shape")
                    .help("For instance 3,224,224")
                    .advanced()
                    .cli(""),
                json_field("output_shape", &F::output_shape)
                    .label("Output shape")
                    .help("For instance 10")
                    .advanced()
                    .cli("")};
    }
};

template <>
struct JsonBinding<PublishSpec> {
    static constexpr const char* kSchema = "PublishSpec";
    static Fields fields() {
        using S = PublishSpec;
        return {json_field("snapshot", &S::snapshot).help("Its iteration, best or last"),
                json_field("repository", &S::repository)
                    .label("Model repository")
                    .help("Folder on the server's machine, or s3://bucket/folder")
                    .path(PlaceKind::kFolder),
                json_field("inference_server", &S::inference_server)
                    .label("Inference server")
                    .help("Instead of a repository: an address that gets the archive by POST ADDRESS/models, as DIGITS "
                          "sends it"),
                json_field("facts", &S::facts).label("Told to the inference server"),
                json_field("name", &S::name)
                    .label("Name in the repository")
                    .help("Letters, digits, '.', '_' and '-'; empty: the model's name")
                    .key("field.published_name"),
                json_field("version", &S::version)
                    .label("Version")
                    .help("Number of its folder; a version that is there already is never replaced")
                    .range(1, 1e9),
                json_field("max_batch_size", &S::max_batch_size)
                    .label("Maximum batch size")
                    .help("Most images that the server may process together")
                    .range(1, 4096)
                    .advanced(),
                nms_field<S>().advanced(),
                endpoint_field<S>(),
                region_field<S>(),
                addressing_field<S>(),
                profile_field<S>(),
                access_key_field<S>(),
                secret_key_field<S>()};
    }
};

namespace {

tl::unexpected<Error> wrong(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

}  // namespace

Result<PublishSpec> parse_publish_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<PublishSpec>(json));
    if (!spec.inference_server.empty()) {
        if (!spec.repository.empty())
            return wrong("/inference_server", "Publish to one place: a model repository, or an inference server");
        if (const auto url = remote::parse_url(spec.inference_server); !url)
            return fail(Error(url.error()).at("/inference_server"));
        return spec;
    }
    if (spec.repository.empty()) return wrong("/repository", "Name a model repository, or an inference server");
    if (spec.to_bucket()) {
        if (const auto place = remote::parse_s3_url(spec.repository); !place)
            return fail(Error(place.error()).at("/repository"));
    } else if (!spec.repository.starts_with('/')) {
        return wrong("/repository",
                     fmt::format("Model repository must be an absolute path or s3://bucket/folder, got \"{}\"",
                                 spec.repository.substr(0, 200)));
    }
    if (const auto fault = check_model_name(spec.name); !fault.empty())
        return wrong("/name", fmt::format("Name in the repository must be {}", fault));
    if (!spec.endpoint.empty())
        if (const auto url = remote::parse_url(spec.endpoint); !url) return fail(Error(url.error()).at("/endpoint"));
    return spec;
}

nlohmann::json to_json(const InferenceServerFacts& facts) { return to_json<InferenceServerFacts>(facts); }
nlohmann::json to_json(const PublishSpec& spec) { return to_json<PublishSpec>(spec); }
const FieldList& publish_fields() { return field_list<PublishSpec>(); }

std::string check_model_name(const std::string& name) {
    const bool plain = name.find_first_not_of(kNameCharacters) == std::string::npos && !name.starts_with('.');
    return plain ? "" : "letters, digits, '.', '_' and '-' only, not '.' first";
}

std::string plain_model_name(const std::string& name, const std::string& otherwise) {
    std::string plain;
    for (const char c : name)
        if (kNameCharacters.find(c) != std::string_view::npos)
            plain += c;
        else if (!plain.empty() && plain.back() != '_')
            plain += '_';
    while (plain.ends_with('_')) plain.pop_back();
    return plain.empty() || plain.starts_with('.') ? otherwise : plain;
}

}  // namespace digits
