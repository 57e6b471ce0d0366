#pragma once

#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/message.hpp"
#include "models/pretrained_spec.hpp"
#include "models/snapshots.hpp"

namespace digits::api {

/// The parts of a model that is given file by file; labels and mean may be null.
struct PretrainedParts {
    const http::Part* weights = nullptr;
    const http::Part* network = nullptr;
    const http::Part* labels = nullptr;
    const http::Part* mean = nullptr;
    PretrainedImage image;
    MeanMode mean_mode = MeanMode::kImage;
};

/// A network in ONNX, with class names or without.
struct OnnxParts {
    const http::Part* onnx = nullptr;
    const http::Part* labels = nullptr;
    PretrainedImage image;  ///< as far as the file leaves it open
    PreparationSpec preparation;
};

/// Requests for pretrained models. Nothing is read of the files: the worker does that. The name is what the user calls
/// the archive or the weights, without ending; a model's own name.
JobRequest pretrained_from_archive(const http::Part& archive);
Result<JobRequest> pretrained_from_files(const PretrainedParts& parts);
Result<JobRequest> pretrained_from_onnx(const OnnxParts& parts);
/// Errors: kFailedPrecondition when the model's dataset is not there.
Result<JobRequest> pretrained_from_model(const Job& model, const SnapshotEntry& snapshot, const Context& context);

/// Models whose spec refers to the job, newest first.
Result<std::vector<Job>> models_started_from(const std::string& id, const Context& context);

}  // namespace digits::api
