#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// Where the files of an export go, one after the other, from one thread.
class ExportSink {
  public:
    virtual ~ExportSink() = default;
    /// A new file; `path` is relative, with `/` between folders.
    virtual Status add(const std::string& path, std::string_view bytes) = 0;
    /// Everything is on the disk, under its name; to call once. Without it nothing of the export is left.
    virtual Status finish() = 0;

    /// A new folder, or an empty one that is there. It is written beside its place. Errors: kFailedPrecondition for one
    /// with something in it, those of the disk.
    static Result<std::unique_ptr<ExportSink>> to_folder(const std::filesystem::path& folder);
    static Result<std::unique_ptr<ExportSink>> to_tar(const std::filesystem::path& file);
};

/// The bytes of a tar file's entry: header, contents, padding (POSIX ustar; pax for long names and sizes).
std::string tar_entry(const std::string& path, std::string_view bytes);
/// What a tar file ends with.
std::string_view tar_end();

}  // namespace digits
