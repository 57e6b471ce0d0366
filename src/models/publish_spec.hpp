#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "remote/s3_bucket.hpp"

namespace digits {

struct FieldList;

/// What DIGITS tells an inference server of a model, in `info.json` beside what archives say: the words of its form,
/// as they were given.
struct InferenceServerFacts {
    std::string description;
    std::vector<std::string> modality;  ///< CT, XA, MR
    std::string input_layer, output_layer, input_shape, output_shape;
};
/// Members of `info.json`, as DIGITS calls them.
nlohmann::json to_json(const InferenceServerFacts& facts);

/// A model repository of Triton, and how a model is called there; or an inference server that takes archives as
/// DIGITS sends them. docs/formats/specs.md.
struct PublishSpec {
    std::string snapshot = "best";  ///< or "last", or an iteration
    std::string repository;         ///< a folder on the server's machine, or "s3://bucket/folder"
    std::string inference_server;   ///< instead of a repository: an address
    InferenceServerFacts facts;     ///< what it is told
    std::string name;               ///< of the model in the repository
    int version = 1;
    int max_batch_size = 64;
    bool nms = false;  ///< non-maximum suppression inside the network
    /// Of a bucket, and of the user that writes into it.
    std::string endpoint;
    std::string region;
    S3Addressing addressing = S3Addressing::kAuto;
    std::string profile;
    std::string access_key;
    std::string secret_key;  ///< never in a stored spec

    bool to_bucket() const { return repository.starts_with("s3:"); }
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<PublishSpec> parse_publish_spec(const nlohmann::json& json);
nlohmann::json to_json(const PublishSpec& spec);
const FieldList& publish_fields();

/// What is wrong with the name of a model in addresses and in a model repository; "" for a good one.
std::string check_model_name(const std::string& name);

/// The name with "_" for characters that such a place cannot have; `otherwise` where nothing remains or '.' would be
/// first.
std::string plain_model_name(const std::string& name, const std::string& otherwise);

}  // namespace digits
