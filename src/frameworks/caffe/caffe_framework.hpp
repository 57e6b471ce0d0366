#pragma once

#include "frameworks/framework.hpp"

namespace digits {

/// Networks as prototxt; the worker's own engine trains them.
class CaffeFramework final : public Framework {
  public:
    std::string_view name() const override { return kDefaultFramework; }
    std::string_view title() const override { return "Caffe"; }
    std::string_view file_name() const override { return "original.prototxt"; }
    std::string_view language() const override { return "prototxt"; }

    ModelCheck check(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) const override;
    bool is_built_by_worker() const override { return true; }
    Result<AdaptedNetwork> adapt(std::string_view text, const TrainingData& dataset) const override;
    Status prepare(const ModelSpec& spec, const std::filesystem::path& job_dir) const override;
    Result<std::vector<SnapshotEntry>> snapshots(const std::filesystem::path& job_dir) const override;
    ArchiveParts archive_parts(const std::filesystem::path& job_dir) const override;
    std::vector<std::string> readable_files() const override;
};

}  // namespace digits
