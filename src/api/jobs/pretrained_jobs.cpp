#include "api/jobs/pretrained_jobs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "models/dataset_facts.hpp"
#include "models/prepare.hpp"

namespace digits::api {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostName_bytes = 200;

/// "lenet" for "lenet.tar.gz".
std::string name_of(std::string file_name, std::initializer_list<const char*> endings) {
    for (const std::string ending : endings)
        if (file_name.size() > ending.size() && file_name.ends_with(ending)) {
            file_name.resize(file_name.size() - ending.size());
            break;
        }
    if (file_name.size() > kMostName_bytes) file_name.resize(kMostName_bytes);
    return file_name.empty() ? "model" : file_name;
}

JobRequest request_of(const PretrainedSpec& spec) {
    JobRequest request;
    request.kind = "pretrained";
    auto json = to_json(spec);
    // The code that brings files into the job's folder names them.
    request.spec = std::make_shared<const nlohmann::json>(std::move(json));
    return request;
}

void add_file(JobRequest& request, const char* member, const fs::path& path, const char* name) {
    request.files.push_back({std::string("/source/") + member, path, name});
}

}  // namespace

JobRequest pretrained_from_archive(const http::Part& archive) {
    PretrainedSpec spec;
    spec.source.type = PretrainedOrigin::kArchive;
    spec.source.name = archive.file_name;
    auto request = request_of(spec);
    request.name = name_of(archive.file_name, {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip"});
    add_file(request, "archive", archive.file->path(), "archive");
    return request;
}

Result<JobRequest> pretrained_from_files(const PretrainedParts& parts) {
    PretrainedSpec spec;
    spec.source.type = PretrainedOrigin::kFiles;
    spec.source.name = parts.weights->file_name;
    spec.image = parts.image;
    spec.mean = parts.mean_mode;
    // Checked with names for the files, which get their paths later.
    auto checked = spec;
    checked.source.network = checked.source.weights = "given";
    if (const auto valid = parse_pretrained_spec(to_json(checked)); !valid) return fail(valid.error());
    auto request = request_of(spec);
    request.name = name_of(parts.weights->file_name, {".caffemodel.h5", ".caffemodel", ".h5", ".hdf5"});
    add_file(request, "weights", parts.weights->file->path(), "weights");
    add_file(request, "network", parts.network->file->path(), "network.prototxt");
    if (parts.labels) add_file(request, "labels", parts.labels->file->path(), "labels.txt");
    if (parts.mean) add_file(request, "mean", parts.mean->file->path(), "mean.binaryproto");
    return request;
}

Result<JobRequest> pretrained_from_onnx(const OnnxParts& parts) {
    PretrainedSpec spec;
    spec.source.type = PretrainedOrigin::kOnnx;
    spec.source.name = parts.onnx->file_name;
    spec.image = parts.image;
    spec.preparation = parts.preparation;
    auto checked = spec;
    checked.source.onnx = "given";
    if (const auto valid = parse_pretrained_spec(to_json(checked)); !valid) return fail(valid.error());
    auto request = request_of(spec);
    request.name = name_of(parts.onnx->file_name, {".onnx"});
    add_file(request, "onnx", parts.onnx->file->path(), "network.onnx");
    if (parts.labels) add_file(request, "labels", parts.labels->file->path(), "labels.txt");
    return request;
}

Result<JobRequest> pretrained_from_model(const Job& model, const SnapshotEntry& snapshot, const Context& context) {
    if (model.parents.empty())
        return fail(ErrorCode::kFailedPrecondition, "{} has no dataset, so its classes are not known", model.id);
    const auto dir = context.jobs.job_dir(model.id), dataset_dir = context.jobs.job_dir(model.parents.front());
    DIGITS_ASSIGN(const auto dataset, read_dataset_folder(dataset_dir));
    PretrainedSpec spec;
    spec.source.type = PretrainedOrigin::kModel;
    spec.source.name = model.name;
    spec.source.model_id = model.id;
    spec.source.iteration = snapshot.iteration;
    spec.source.epoch = snapshot.epoch;
    spec.image = {dataset.facts.width, dataset.facts.height, dataset.facts.channels,
                  dataset.resize,      dataset.value_range,  dataset.is_deep ? SampleDepth::kFloat : SampleDepth::k8,
                  dataset.bands};
    DIGITS_ASSIGN(const auto facts, read_model_facts(dir));
    spec.mean = facts.mean;
    auto mean_file = std::filesystem::path(dataset.facts.mean_file);
    if (auto transform = read_image_transform(dir)) {
        spec.mean = transform->mean;
        if (const std::filesystem::path own = transform->mean_file; !own.empty() && !own.is_absolute())
            mean_file = dir / own.filename();
        spec.transform = std::move(*transform);
    }
    auto request = request_of(spec);
    request.name = model.name;
    request.group = model.group;
    add_file(request, "weights", dir / snapshot.weights, "weights");
    add_file(request, "network", dir / "original.prototxt", "network.prototxt");
    if (!dataset.labels_file.empty()) add_file(request, "labels", dataset.labels_file, "labels.txt");
    if (!mean_file.empty()) add_file(request, "mean", mean_file, "mean.binaryproto");
    return request;
}

Result<std::vector<Job>> models_started_from(const std::string& id, const Context& context) {
    JobQuery query;
    query.kind = "model";
    query.mentions = id;
    query.limit = 500;
    DIGITS_ASSIGN(auto page, context.jobs.list(query));
    return std::move(page.jobs);
}

}  // namespace digits::api
