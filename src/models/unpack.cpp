#include "models/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "base/disk_space.hpp"
#include "base/utf8_locale.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock_bytes = std::size_t{1} << 18;
constexpr std::size_t kMostName_bytes = 200;
constexpr const char* kPlace = "archive";

struct CloseArchive {
    void operator()(::archive* archive) const { archive_read_free(archive); }
};

/// A new file that is flushed and closed by hand, or only closed.
class NewFile {
  public:
    explicit NewFile(const fs::path& path)
        : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)) {}
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    bool is_open() const { return fd_ >= 0; }
    bool write(const char* bytes, std::size_t size) const {
        while (size > 0) {
            const auto written = ::write(fd_, bytes, size);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            bytes += written;
            size -= static_cast<std::size_t>(written);
        }
        return true;
    }

  private:
    int fd_;
};

/// What a person sees of a name that may hold anything.
std::string shown(std::string_view name) {
    std::string text;
    for (const char c : name.substr(0, 100)) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return name.size() > 100 ? text + "…" : text;
}

std::string in_archive(std::string_view name) { return std::string(kPlace) + "/" + shown(name); }

const char* kind_of(::archive_entry* entry) {
    if (archive_entry_hardlink(entry)) return "a hard link";
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG: return nullptr;
        case AE_IFDIR: return "a folder";
        case AE_IFLNK: return "a symbolic link";
        case AE_IFCHR:
        case AE_IFBLK: return "a device";
        case AE_IFIFO: return "a pipe";
        case AE_IFSOCK: return "a socket";
        default: return "no plain file";
    }
}

class Unpacker {
  public:
    Unpacker(const fs::path& archive, const fs::path& folder, const UnpackLimits& limits,
             const std::function<bool()>& stop)
        : archive_path_(archive), folder_(folder), limits_(limits), stop_(stop), reader_(archive_read_new()) {}

    Result<std::vector<std::string>> run() {
        std::error_code error;
        archive_bytes_ = fs::file_size(archive_path_, error);
        if (error) return fail(errno_error("cannot read " + archive_path_.string(), error.value()));
        const Utf8Locale locale;
        auto* reader = reader_.get();
        if (!reader) return fail(ErrorCode::kResourceExhausted, "out of memory");
        archive_read_support_filter_gzip(reader);
        archive_read_support_filter_bzip2(reader);
        archive_read_support_filter_xz(reader);
        archive_read_support_format_tar(reader);
        archive_read_support_format_zip(reader);
        if (archive_read_open_filename(reader, archive_path_.c_str(), kBlock_bytes) != ARCHIVE_OK)
            return fail(no_archive());
        for (int entries = 0;; ++entries) {
            if (stop_()) return fail(ErrorCode::kCancelled, "aborted");
            ::archive_entry* entry = nullptr;
            const int code = archive_read_next_header(reader, &entry);
            if (code == ARCHIVE_EOF) break;
            if (code < ARCHIVE_WARN) return fail(entries == 0 ? no_archive() : damaged(""));
            if (entries == limits_.entries)
                return fail(
                    make_error(ErrorCode::kTooLarge, "more than {} members; a model has about ten", limits_.entries)
                        .at(kPlace));
            DIGITS_TRY(take(entry));
        }
        if (names_.empty()) return fail(make_error(ErrorCode::kInvalidArgument, "the archive is empty").at(kPlace));
        return std::move(names_);
    }

  private:
    Error no_archive() const {
        return make_error(ErrorCode::kInvalidArgument,
                          "the file is not an archive of tar (also .gz, .bz2, .xz) or zip: {}", words())
            .at(kPlace);
    }
    Error damaged(std::string_view name) const {
        return make_error(ErrorCode::kDataLoss, "the archive is damaged: {}", words())
            .at(name.empty() ? kPlace : in_archive(name))
            .advise("Copy or download it again");
    }
    std::string words() const {
        const char* text = archive_error_string(reader_.get());
        std::string words = text ? text : "it cannot be read";
        // Some of them are lines.
        while (words.ends_with('\n')) words.pop_back();
        return words;
    }

    Status take(::archive_entry* entry) {
        const char* utf8 = archive_entry_pathname_utf8(entry);
        const char* raw = utf8 ? utf8 : archive_entry_pathname(entry);
        if (!raw) return fail(make_error(ErrorCode::kInvalidArgument, "a member whose name cannot be read").at(kPlace));
        std::string_view name = raw;
        while (name.starts_with("./")) name.remove_prefix(2);
        const char* kind = kind_of(entry);
        // `tar -C FOLDER .` begins with the folder itself.
        if ((name.empty() || name == ".") && archive_entry_filetype(entry) == AE_IFDIR) return {};
        if (kind)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the archive must have plain files without folders; got {}: {}", kind, shown(name))
                            .at(in_archive(name))
                            .advise("Pack the files themselves, as a model's archive has them"));
        if (!is_flat_name(name))
            return fail(
                make_error(ErrorCode::kInvalidArgument, "the names must be without folders; got \"{}\"", shown(name))
                    .at(in_archive(name))
                    .advise("Pack the files themselves, as a model's archive has them"));
        if (!known_.insert(std::string(name)).second)
            return fail(make_error(ErrorCode::kInvalidArgument, "two members are named \"{}\"", shown(name))
                            .at(in_archive(name)));
        if (archive_entry_is_encrypted(entry))
            return fail(make_error(ErrorCode::kInvalidArgument, "{} is encrypted", shown(name)).at(in_archive(name)));
        if (archive_entry_size_is_set(entry) &&
            static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0)) > limits_.bytes)
            return fail(too_large(name));
        names_.emplace_back(name);
        return write(std::string(name));
    }

    Error too_large(std::string_view name) const {
        return make_error(ErrorCode::kTooLarge, "the archive's files are larger than {} bytes together", limits_.bytes)
            .at(in_archive(name));
    }

    Status write(const std::string& name) {
        const NewFile file(folder_ / name);
        if (!file.is_open()) return fail(errno_error("cannot make " + (folder_ / name).string(), errno));
        std::vector<char> block(kBlock_bytes);
        for (;;) {
            if (stop_()) return fail(ErrorCode::kCancelled, "aborted");
            const auto got = archive_read_data(reader_.get(), block.data(), block.size());
            if (got == 0) return {};
            if (got < 0) return fail(damaged(name));
            bytes_ += static_cast<std::uint64_t>(got);
            if (bytes_ > limits_.bytes) return fail(too_large(name));
            if (bytes_ > limits_.free_bytes && bytes_ / limits_.ratio > archive_bytes_)
                return fail(make_error(ErrorCode::kTooLarge,
                                       "more than {} times as large unpacked as packed ({} bytes); no model is",
                                       limits_.ratio, archive_bytes_)
                                .at(in_archive(name)));
            if (!file.write(block.data(), static_cast<std::size_t>(got)))
                return fail(write_error("cannot write " + (folder_ / name).string(), folder_, errno));
        }
    }

    const fs::path& archive_path_;
    const fs::path& folder_;
    const UnpackLimits& limits_;
    const std::function<bool()>& stop_;
    std::unique_ptr<::archive, CloseArchive> reader_;
    std::uint64_t archive_bytes_ = 0, bytes_ = 0;
    std::set<std::string> known_;
    std::vector<std::string> names_;
};

}  // namespace

bool is_flat_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.size() > kMostName_bytes) return false;
    return std::ranges::none_of(
        name, [](char c) { return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::vector<std::string>> unpack_archive(const fs::path& archive, const fs::path& folder,
                                                const UnpackLimits& limits, const std::function<bool()>& stop) {
    return Unpacker(archive, folder, limits, stop).run();
}

}  // namespace digits
