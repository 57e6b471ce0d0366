#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

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
};

/// DIGITS's model archive (docs/formats/archive.md): a `.tar.gz` of flat names, info.json last.
class ModelArchive {
  public:
    using Sink = std::function<Status(std::string_view bytes)>;

    /// Looks every member up, so that what is missing is told before the first byte. Errors: kNotFound for the snapshot
    /// or a file; kFailedPrecondition when the dataset is not finished.
    static Result<ModelArchive> create(const ArchiveRequest& request);

    /// Names in the order of the archive.
    std::vector<std::string> members() const;
    const std::string& info() const { return info_; }
    /// "JOB_epoch_E.tar.gz", as DIGITS names it.
    const std::string& file_name() const { return file_name_; }

    /// Streams the archive, with constant memory. Stops at the sink's first error and returns it.
    Status write(const Sink& sink) const;

  private:
    ModelArchive() = default;

    std::vector<std::filesystem::path> files_;
    std::string info_;
    std::string file_name_;
};

}  // namespace digits
