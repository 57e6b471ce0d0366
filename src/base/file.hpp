#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// The bytes of a regular file that the program names itself. Fails with kTooLarge over `max_bytes`. What a user names:
/// read_named_file() in base/named_file.hpp.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 31);

/// Replaces a file as a whole: readers see the old bytes or the new ones, also after a crash.
Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes);

/// A file that appears under its name only on `commit()`: written beside it, flushed to disk, renamed, folder flushed.
/// Without commit it is gone on destruction.
class AtomicFile {
  public:
    static Result<AtomicFile> create(std::filesystem::path path);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    ~AtomicFile();

    /// The name to write under until commit; for libraries that open files themselves.
    const std::filesystem::path& temporary_path() const { return temporary_; }
    Status write(std::string_view bytes);
    Status commit();

  private:
    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd);

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int fd_ = -1;
};

/// A folder of its own that is removed with everything in it on destruction.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace digits
