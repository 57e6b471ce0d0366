#include "frameworks/caffe/caffe_framework.hpp"

namespace digits {

ModelCheck CaffeFramework::check(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) const {
    return check_model(spec, assumed);
}

Result<AdaptedNetwork> CaffeFramework::adapt(std::string_view text, const TrainingData& dataset) const {
    return adapt_network(text, dataset);
}

Status CaffeFramework::prepare(const ModelSpec& spec, const std::filesystem::path& job_dir) const {
    DIGITS_ASSIGN([[maybe_unused]] const auto prepared, prepare_model(spec, job_dir));
    return {};
}

Result<std::vector<SnapshotEntry>> CaffeFramework::snapshots(const std::filesystem::path& job_dir) const {
    return list_snapshots(job_dir);
}

ArchiveParts CaffeFramework::archive_parts(const std::filesystem::path& job_dir) const {
    ArchiveParts parts;
    for (const char* name : {"deploy.prototxt", "train_val.prototxt", "solver.prototxt", "original.prototxt"})
        parts.files.push_back(job_dir / name);
    parts.info = {{"framework", std::string(name())}, {"model file", "original.prototxt"},
                  {"solver file", "solver.prototxt"}, {"train_val file", "train_val.prototxt"},
                  {"deploy file", "deploy.prototxt"}, {"caffe flavor", "Digits"},
                  {"caffe version", DIGITS_VERSION}};
    if (auto transform = read_image_transform(job_dir)) parts.transform = std::move(*transform);
    std::error_code ignored;
    if (std::filesystem::exists(job_dir / kPythonLayersFile, ignored)) {
        parts.files.push_back(job_dir / kPythonLayersFile);
        parts.info.emplace_back("python layer file", kPythonLayersFile);
    }
    return parts;
}

std::vector<std::string> CaffeFramework::readable_files() const {
    return {"original.prototxt", "train_val.prototxt", "deploy.prototxt",
            "solver.prototxt",   kPythonLayersFile,    "model.json"};
}

}  // namespace digits
