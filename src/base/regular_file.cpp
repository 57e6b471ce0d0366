#include "base/regular_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace digits {
namespace {

constexpr long kTracefs = 0x74726163;
constexpr long kConfigfs = 0x62656570;
constexpr long kFusectl = 0x65735543;
constexpr long kMqueue = 0x19800202;
constexpr std::array kPseudo{static_cast<long>(PROC_SUPER_MAGIC),
                             static_cast<long>(SYSFS_MAGIC),
                             static_cast<long>(DEBUGFS_MAGIC),
                             static_cast<long>(SECURITYFS_MAGIC),
                             static_cast<long>(CGROUP_SUPER_MAGIC),
                             static_cast<long>(CGROUP2_SUPER_MAGIC),
                             static_cast<long>(DEVPTS_SUPER_MAGIC),
                             static_cast<long>(PSTOREFS_MAGIC),
                             static_cast<long>(EFIVARFS_MAGIC),
                             static_cast<long>(BPF_FS_MAGIC),
                             static_cast<long>(NSFS_MAGIC),
                             static_cast<long>(BINFMTFS_MAGIC),
                             static_cast<long>(SELINUX_MAGIC),
                             kTracefs,
                             kConfigfs,
                             kFusectl,
                             kMqueue};

constexpr int kReadWithoutWaiting = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
};

const char* kind_of(const struct stat& info) {
    if (S_ISDIR(info.st_mode)) return "a folder";
    if (S_ISFIFO(info.st_mode)) return "a pipe";
    if (S_ISSOCK(info.st_mode)) return "a socket";
    return "a device";
}

Status check_is_file(const struct stat& info, const std::string& path) {
    if (S_ISREG(info.st_mode)) return {};
    return fail(ErrorCode::kInvalidArgument, "{} is {}, not a file", path, kind_of(info));
}

bool is_pseudo(const struct statfs& info) {
    return std::ranges::find(kPseudo, static_cast<long>(info.f_type)) != kPseudo.end();
}

}  // namespace

bool is_on_pseudo_file_system(int fd) {
    struct statfs info{};
    return ::fstatfs(fd, &info) == 0 && is_pseudo(info);
}

bool is_on_pseudo_file_system(const char* path) {
    struct statfs info{};
    return ::statfs(path, &info) == 0 && is_pseudo(info);
}

Status check_holds_data(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::equivalent(path, "/", ignored))
        return fail(ErrorCode::kInvalidArgument,
                    "{} is the root folder of the machine; choose the folder that holds the images", path.string());
    const auto plain = path.lexically_normal();
    const auto first = plain.has_parent_path() ? *std::next(plain.begin()) : std::filesystem::path();
    if (first == "proc" || first == "sys" || is_on_pseudo_file_system(path.c_str()))
        return fail(ErrorCode::kInvalidArgument,
                    "{} belongs to a file system of the kernel, which holds no images; choose another place",
                    path.string());
    return {};
}

Result<RegularFile> RegularFile::open(const std::string& path, const ReadableRoots& roots, NameOrigin origin) {
    if (path.find('\0') != std::string::npos)
        return fail(ErrorCode::kInvalidArgument, "a path cannot contain a zero byte");
    auto file = roots.everywhere() ? open_anywhere(path, origin) : open_inside(path, roots);
    // The images of a dataset are on one disk, which is looked at once.
    thread_local std::uint64_t disk = 0;
    if (!file || file->device_ == disk) return file;
    if (is_on_pseudo_file_system(file->fd()))
        return fail(ErrorCode::kInvalidArgument, "{} belongs to a file system of the kernel; give a file on a disk",
                    path);
    disk = file->device_;
    return file;
}

Result<RegularFile> RegularFile::open_anywhere(const std::string& path, NameOrigin origin) {
    if (origin == NameOrigin::kGiven) return open_own(path);
    const int fd = ::open(path.c_str(), kReadWithoutWaiting | O_NOFOLLOW);
    return fd < 0 ? open_own(path) : adopt(fd, path);
}

Result<RegularFile> RegularFile::open_own(const std::string& path) {
    // Looked at first: opening a device can do something by itself.
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return fail(errno_error("cannot open " + path, errno));
    DIGITS_TRY(check_is_file(info, path));
    return adopt(::open(path.c_str(), kReadWithoutWaiting), path);
}

Result<RegularFile> RegularFile::open_inside(const std::string& path, const ReadableRoots& roots) {
    const Closer named{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    if (named.fd < 0) {
        const int error = errno;
        // Whether a file outside is there is nobody's business.
        DIGITS_TRY(roots.check_missing(path));
        return fail(errno_error("cannot open " + path, error));
    }
    DIGITS_TRY(roots.check_open(named.fd, path));
    struct stat info{};
    if (::fstat(named.fd, &info) != 0) return fail(errno_error("cannot read " + path, errno));
    DIGITS_TRY(check_is_file(info, path));
    const auto link = "/proc/self/fd/" + std::to_string(named.fd);
    return adopt(::open(link.c_str(), kReadWithoutWaiting), path);
}

Result<RegularFile> RegularFile::adopt(int fd, const std::string& path) {
    if (fd < 0) return fail(errno_error("cannot open " + path, errno));
    RegularFile file(fd, 0);
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(errno_error("cannot read " + path, errno));
    DIGITS_TRY(check_is_file(info, path));
    file.size_ = static_cast<std::uint64_t>(info.st_size);
    file.device_ = info.st_dev;
    return file;
}

RegularFile::~RegularFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::string> RegularFile::read(const std::string& path, std::uint64_t max_bytes) const {
    const auto too_large = [&] {
        return fail(ErrorCode::kTooLarge, "{} is larger than the limit of {} bytes", path, max_bytes);
    };
    if (size_ > max_bytes) return too_large();
    // Room for one byte more than the file should have: if that stays free, the file is at its end.
    constexpr std::size_t kLeastRoom = 1 << 10;
    std::string bytes(std::max(static_cast<std::size_t>(size_) + 1, kLeastRoom), '\0');
    for (std::size_t size = 0;;) {
        const auto count = ::read(fd_, bytes.data() + size, bytes.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(errno_error("cannot read " + path, errno));
        size += static_cast<std::size_t>(count);
        if (size > max_bytes) return too_large();
        if (count == 0 || (size_ > 0 && size == size_ && size < bytes.size())) {
            bytes.resize(size);
            return bytes;
        }
        if (size == bytes.size()) bytes.resize(2 * size);
    }
}

}  // namespace digits
