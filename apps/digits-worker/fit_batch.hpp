#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "engine/net/blob.hpp"
#include "models/model_spec.hpp"

namespace digits {

/// How a step's images go through the network: `batch_size` at a time, `parts` times.
struct FittedBatch {
    int batch_size = 0;
    int parts = 1;
    std::int64_t foreseen_bytes = 0;
};

/// The fewest equal parts of the network's own batch whose training fits into `room` bytes beside what this process has
/// already; batch normalisation sees the part only, every other layer gives the gradients of the whole batch.
/// Errors: kFailedPrecondition with advice if not even single images fit; whatever is wrong with the network.
Result<FittedBatch> fit_batch(const ModelSpec& spec, const caffe::NetParameter& network, std::int64_t room);

/// Fills in batch_size and batch_accumulation of a spec that leaves them to memory; a training that goes on keeps what
/// it began with, as `job_dir` knows it. What was decided, in words, if anything was.
Result<std::optional<std::string>> settle_batch(ModelSpec& spec, const caffe::NetParameter& network,
                                                const std::filesystem::path& job_dir, const Device& device);

}  // namespace digits
