#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "remote/s3_bucket.hpp"

namespace digits {

/// A model as a repository of Triton has it: https://docs.nvidia.com, "Triton model repository".
struct TritonModel {
    std::string name;
    int version = 1;
    int max_batch_size = 64;
    std::vector<std::string> labels;  ///< may be empty
};

/// Writes the network to a file, and tells of it: `input` and `outputs` as exports do, and whatever else.
using WriteNetwork = std::function<Result<nlohmann::json>(const std::filesystem::path& file)>;

/// Writes a version of the model below a folder; the version's own folder appears when it is whole. What was told of
/// the network. Errors: kFailedPrecondition where the version is there already.
Result<nlohmann::json> write_triton_model(const TritonModel& model, const std::filesystem::path& repository,
                                          const WriteNetwork& write);

struct TritonSending {
    const remote::S3Bucket& bucket;
    std::string prefix;             ///< of the repository in the bucket; may be empty
    std::filesystem::path scratch;  ///< a folder for the files on their way
    bool goes_on = false;           ///< what there is of the version is from an earlier try
};

/// The same in a bucket. The configuration goes last, so that nobody finds half a model. `sent` hears of the bytes so
/// far and of all. What was told of the network.
Result<nlohmann::json> send_triton_model(const TritonModel& model, const TritonSending& sending,
                                         const WriteNetwork& write, const remote::TransferLimits& limits,
                                         const std::function<void(std::uint64_t done, std::uint64_t total)>& sent = {});

/// Where a model is in a bucket: "folder/name", without the version.
std::string triton_key(const TritonModel& model, std::string prefix);

}  // namespace digits
