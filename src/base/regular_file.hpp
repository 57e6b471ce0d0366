#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/safe_path.hpp"

namespace digits {

/// How a file's name came here. A walk through its folder just saw that it is a regular file (kWalk).
enum class NameOrigin { kGiven, kWalk };

/// A file that somebody named, open for reading.
class RegularFile {
  public:
    /// Never waits, whatever the name leads to: only regular files are opened, not pipes, sockets or devices, which
    /// could make a reader wait for ever, and not the files that the kernel makes up (/proc, /sys). With `roots` the
    /// file itself, after all links, must be inside one of them, also if somebody exchanges a link meanwhile. Errors:
    /// kNotFound, kPermissionDenied, kInvalidArgument for what is not a regular file. The second look at a file of a
    /// walk is saved where it is not a link: of 60,000 small images it costs a tenth of the time.
    static Result<RegularFile> open(const std::string& path, const ReadableRoots& roots = {},
                                    NameOrigin origin = NameOrigin::kGiven);

    /// One that the program names itself, such as those of /proc.
    static Result<RegularFile> open_own(const std::string& path);

    RegularFile(RegularFile&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), size_(other.size_), device_(other.device_) {}
    RegularFile& operator=(RegularFile&&) = delete;
    ~RegularFile();

    int fd() const { return fd_; }
    /// When it was opened.
    std::uint64_t size() const { return size_; }
    /// All of it from where the last read ended; kTooLarge over `max_bytes`. `path`: for messages.
    Result<std::string> read(const std::string& path, std::uint64_t max_bytes) const;

  private:
    RegularFile(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
    static Result<RegularFile> open_anywhere(const std::string& path, NameOrigin origin);
    static Result<RegularFile> open_inside(const std::string& path, const ReadableRoots& roots);
    static Result<RegularFile> adopt(int fd, const std::string& path);

    int fd_ = -1;
    std::uint64_t size_ = 0;
    std::uint64_t device_ = 0;  ///< of its file system
};

/// Whether what `fd` leads to is made up by the kernel (/proc, /sys and their like) rather than kept anywhere.
bool is_on_pseudo_file_system(int fd);
bool is_on_pseudo_file_system(const char* path);
/// Whether a folder or file can hold a user's data. Errors: kInvalidArgument for the root folder of the machine, for
/// what a file system of the kernel makes up, and for what is named through one (/proc/self/cwd).
Status check_holds_data(const std::filesystem::path& path);

}  // namespace digits
