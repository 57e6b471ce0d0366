#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits::api {

enum class UploadKind { kFolder, kArchive };

struct Upload {
    std::string id;
    UploadKind kind = UploadKind::kFolder;
    std::string name;  ///< as the client calls the folder or the archive
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    bool finished = false;
};

/// Images that clients send for datasets, in pieces: each upload is a folder `<root>/<id>` with `upload.json` and
/// what was sent. One that nobody wants is removed a day after it was last touched. Thread-safe.
class UploadStore {
  public:
    struct Limits {
        std::uint64_t upload_bytes = std::uint64_t{64} << 30;
        std::uint64_t upload_files = 2'000'000;
        std::uint64_t free_bytes = std::uint64_t{1} << 30;  ///< that stay free on the disk
    };

    explicit UploadStore(std::filesystem::path root) : UploadStore(std::move(root), Limits{}) {}
    UploadStore(std::filesystem::path root, Limits limits) : root_(std::move(root)), limits_(limits) {}

    Result<Upload> create(UploadKind kind, const std::string& name);
    /// kNotFound.
    Result<Upload> get(std::string_view id);
    /// How many bytes of a file are there; 0 where there is none.
    Result<std::uint64_t> size_of(std::string_view id, std::string_view path);
    /// Adds bytes to the end of a file; `offset` must be its size (kFailedPrecondition tells it). Errors:
    /// kInvalidArgument for a path that leaves the upload; kTooLarge, kResourceExhausted over a limit.
    Result<std::uint64_t> append(std::string_view id, std::string_view path, std::uint64_t offset,
                                 std::string_view bytes);
    /// Nothing is added any more.
    Result<Upload> finish(std::string_view id);
    Status remove(std::string_view id);
    /// Removes uploads that were not touched since `before` and that `is_wanted` does not claim.
    void expire(std::filesystem::file_time_type before, const std::function<bool(const std::string& id)>& is_wanted);

    /// Where the images of a finished upload are: below a single folder that holds all, if there is one.
    std::filesystem::path images(std::string_view id) const;
    /// The archive that was sent.
    std::filesystem::path archive(std::string_view id) const { return root_ / id / "archive"; }
    std::filesystem::path files(std::string_view id) const { return root_ / id / "files"; }

  private:
    Result<Upload*> find(std::string_view id);
    Status save(const Upload& upload) const;
    Result<std::filesystem::path> place(const Upload& upload, std::string_view path) const;

    const std::filesystem::path root_;
    const Limits limits_;
    std::mutex mutex_;
    std::map<std::string, Upload, std::less<>> known_;
};

}  // namespace digits::api
