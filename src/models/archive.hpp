#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "models/image_transform.hpp"
#include "models/snapshots.hpp"

namespace digits {

enum class ArchiveFormat { kTarGz, kTgz, kTar, kTarBz2, kZip };
/// The words are the endings of file names.
template <>
struct EnumNames<ArchiveFormat> {
    static constexpr std::array<std::pair<ArchiveFormat, std::string_view>, 5> kNames{{
        {ArchiveFormat::kTarGz, "tar.gz"},
        {ArchiveFormat::kTgz, "tgz"},
        {ArchiveFormat::kTar, "tar"},
        {ArchiveFormat::kTarBz2, "tar.bz2"},
        {ArchiveFormat::kZip, "zip"},
    }};
};

/// What a framework adds to the archive of a model.
struct ArchiveParts {
    /// Networks, solver, code: the first members, in this order.
    std::vector<std::filesystem::path> files;
    /// Members of info.json: `framework`, `model file` and whatever else DIGITS writes for the framework.
    std::vector<std::pair<std::string, std::string>> info;
    /// What is done to images before the network gets them; none: the framework does not tell, and what the model's
    /// spec says of the mean counts.
    std::optional<ImageTransform> transform;
};

/// What DIGITS tells about a model, in info.json and over HTTP. Texts go out as they are.
struct ModelInfo {
    std::string job_id;
    std::string name;
    std::string status;  ///< "Done"
    std::string dataset_id;
    std::string created;   ///< "2026-11-23 19:15:00.000000"
    std::string username;  ///< empty: null
    int height = 0;
    int width = 0;
    int channels = 0;
    std::string resize;     ///< "squash"
    std::string mean_file;  ///< a file's name; empty: none
    ImageTransform transform;
    std::string snapshot;                                        ///< a weights file's name
    std::vector<std::pair<std::string, std::string>> framework;  ///< ArchiveParts::info
    std::vector<double> value_range{};                           ///< ImageSpec::value_range; empty: not mentioned
    bool is_deep = false;  ///< ImageSpec::is_deep(): the network gets the values of the files, not 0 to 255
    int bands = 0;         ///< ImageSpec::bands; 0: not mentioned
};
nlohmann::json to_json(const ModelInfo& info);

/// A trained model to hand out. The texts go into info.json as they are.
struct ArchiveRequest {
    std::filesystem::path model_dir;
    std::filesystem::path dataset_dir;
    std::string snapshot;  ///< a weights file's name in model_dir
    std::string job_id;
    std::string name;
    std::string status;  ///< "Done"
    std::string dataset_id;
    std::string created;   ///< "2026-11-23 19:15:00.000000"
    std::string username;  ///< empty: null
    ArchiveParts parts;
    std::vector<SnapshotEntry> snapshots;  ///< of the model
    ArchiveFormat format = ArchiveFormat::kTarGz;
    std::shared_ptr<const nlohmann::json> more_info{};  ///< further members of info.json; may be null
};

/// A pretrained model to hand out.
struct PretrainedArchiveRequest {
    std::filesystem::path dir;
    std::string job_id;
    std::string name;
    std::string created;
    std::string username;
    std::vector<std::pair<std::string, std::string>> framework;  ///< ArchiveParts::info
    ArchiveFormat format = ArchiveFormat::kTarGz;
};

/// DIGITS's model archive (docs/formats/archive.md): flat names, info.json last.
class ModelArchive {
  public:
    using Sink = std::function<Status(std::string_view bytes)>;

    /// Looks every member up, so that what is missing is told before the first byte. Errors: kNotFound for the snapshot
    /// or a file; kFailedPrecondition when the dataset is not finished.
    static Result<ModelArchive> create(const ArchiveRequest& request);
    /// What can be uploaded again, here or to DIGITS. Errors: kNotFound for a file, kDataLoss.
    static Result<ModelArchive> create(const PretrainedArchiveRequest& request);

    /// Names in the order of the archive.
    std::vector<std::string> members() const;
    const std::string& info() const { return info_; }
    /// "JOB_epoch_E.tar.gz", as DIGITS names it; of a pretrained model "JOB.tar.gz".
    const std::string& file_name() const { return file_name_; }
    const char* content_type() const;

    /// Streams the archive, with constant memory. Stops at the sink's first error and returns it.
    Status write(const Sink& sink) const;

  private:
    ModelArchive() = default;

    std::vector<std::filesystem::path> files_;
    std::string info_;
    std::string file_name_;
    ArchiveFormat format_ = ArchiveFormat::kTarGz;
};

/// An archive of files under their own names, and of texts under the names given. As ModelArchive::write.
Status write_file_archive(ArchiveFormat format, const std::vector<std::filesystem::path>& files,
                          const std::vector<std::pair<std::string, std::string>>& texts,
                          const ModelArchive::Sink& sink);

}  // namespace digits
