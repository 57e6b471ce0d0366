#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "http/message.hpp"

namespace digits::http {

/// A file that a response sends, opened; the descriptor is closed on destruction.
class OpenFile {
  public:
    /// Only regular files, and no link as the last part of the path.
    static Result<OpenFile> open(const std::filesystem::path& path);
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;
    OpenFile() = default;
    ~OpenFile();

    std::uint64_t size() const { return size_; }
    /// Changes with the file's content.
    const std::string& etag() const { return etag_; }
    const std::string& modified() const { return modified_; }
    /// Up to `bytes` bytes at `offset`; empty at the end.
    Result<std::string> read(std::uint64_t offset, std::size_t bytes) const;

  private:
    int fd_ = -1;
    std::uint64_t size_ = 0;
    std::string etag_;
    std::string modified_;
};

/// What of a file is to be sent.
struct FileSelection {
    int status = 200;  ///< 200, 206, 304 or 416
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::string content_range;
};
FileSelection select_range(const Request& request, const OpenFile& file);

}  // namespace digits::http
