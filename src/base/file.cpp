#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/check.hpp"
#include "base/disk_space.hpp"
#include "base/ids.hpp"
#include "base/named_file.hpp"
#include "base/regular_file.hpp"
#include "base/unfinished_files.hpp"

namespace digits {
namespace {

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(write_error("cannot write " + path.string(), path, errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
    DIGITS_ASSIGN(const auto file, RegularFile::open_own(path.native()));
    return file.read(path.native(), max_bytes);
}

Result<std::string> read_named_file(const std::string& path, std::uint64_t max_bytes, const ReadableRoots& roots,
                                    NameOrigin origin) {
    DIGITS_ASSIGN(const auto file, RegularFile::open(path, roots, origin));
    return file.read(path, max_bytes);
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view bytes) {
    DIGITS_ASSIGN(auto file, AtomicFile::create(path));
    DIGITS_TRY(file.write(bytes));
    return file.commit();
}

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::move(other.temporary_)), fd_(std::exchange(other.fd_, -1)) {
    other.temporary_.clear();
}

Result<AtomicFile> AtomicFile::create(std::filesystem::path path) {
    auto temporary = path;
    temporary += std::string(kUnfinishedMark) + random_hex(4);
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return fail(write_error("cannot write " + path.string(), path, errno));
    return AtomicFile(std::move(path), std::move(temporary), fd);
}

AtomicFile::~AtomicFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status AtomicFile::write(std::string_view bytes) { return write_all(fd_, bytes, path_); }

Status AtomicFile::commit() {
    DIGITS_CHECK(fd_ >= 0);
    // A library may have replaced the temporary file by one of its own, so flush what is there under the name now.
    const int now = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
    if (now < 0 || ::fsync(now) != 0) {
        const int error = errno;
        if (now >= 0) ::close(now);
        return fail(write_error("cannot flush " + path_.string(), path_, error));
    }
    ::close(now);
    ::close(std::exchange(fd_, -1));
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
        return fail(write_error("cannot write " + path_.string(), path_, errno));
    temporary_.clear();
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    if (const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
        ::fsync(dir);
        ::close(dir);
    }
    return {};
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "digits-XXXXXX").string();
    DIGITS_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace digits
