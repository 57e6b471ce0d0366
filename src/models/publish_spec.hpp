#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"
#include "remote/s3_bucket.hpp"

namespace digits {

struct FieldList;

/// A model repository of Triton, and how a model is called there; docs/formats/specs.md.
struct PublishSpec {
    std::string snapshot = "best";  ///< or "last", or an iteration
    std::string repository;         ///< a folder on the server's machine, or "s3://bucket/folder"
    std::string name;               ///< of the model there
    int version = 1;
    int max_batch_size = 64;
    /// Of a bucket, and who asks it.
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

}  // namespace digits
