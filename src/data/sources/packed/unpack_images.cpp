#include "data/sources/packed/unpack_images.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <iconv.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/disk_space.hpp"
#include "base/utf8.hpp"
#include "base/utf8_locale.hpp"
#include "data/guard.hpp"
#include "data/sources/file_types.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/label_file_name.hpp"
#include "data/sources/packed/tar_index.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPath = 1024;
constexpr int kMostDepth = 32;

std::optional<std::string> converted(std::string_view text, const char* from) {
    const auto converter = ::iconv_open("UTF-8", from);
    if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
    std::string in(text), out(4 * text.size(), '\0');
    char* read = in.data();
    char* write = out.data();
    std::size_t left = in.size(), space = out.size();
    const auto failed = ::iconv(converter, &read, &left, &write, &space) == static_cast<std::size_t>(-1);
    ::iconv_close(converter);
    out.resize(out.size() - space);
    return failed ? std::nullopt : std::optional(std::move(out));
}

/// Whether all bytes beyond ASCII are pairs of Chinese characters of GB 2312.
bool looks_chinese(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
        if (byte(i) < 0x80) continue;
        if (byte(i) < 0xb0 || byte(i) > 0xf7 || i + 1 == text.size() || byte(i + 1) < 0xa1 || byte(i + 1) == 0xff)
            return false;
        ++i;
    }
    return true;
}

/// The name of a member. Zip files of old programs have names in the character set of their machine: Chinese ones, or
/// the one that the format names for all others.
std::string name_of(archive_entry* entry) {
    if (const char* name = archive_entry_pathname_utf8(entry)) return name;
    const char* raw = archive_entry_pathname(entry);
    const std::string name = raw ? raw : "";
    if (is_utf8(name)) return name;
    return converted(name, looks_chinese(name) ? "GBK" : "CP437").value_or(name);
}

class Unpacking {
  public:
    Unpacking(const fs::path& archive, const fs::path& folder, const ImageArchiveLimits& limits)
        : archive_(archive), folder_(folder), limits_(limits), reader_(archive_read_new(), archive_read_free) {}

    Result<nlohmann::json> run() {
        most_bytes_ = std::min(limits_.bytes, limits_.free_bytes + limits_.ratio * fs::file_size(archive_));
        DIGITS_TRY(open());
        for (;;) {
            archive_entry* entry = nullptr;
            const int code = archive_read_next_header(reader_.get(), &entry);
            if (code == ARCHIVE_EOF) break;
            if (code < ARCHIVE_WARN) return damaged();
            DIGITS_TRY(take(entry));
        }
        if (images_ == 0) add_types(labels_, unsupported_);
        if (images_ == 0)
            return fail(make_error(ErrorCode::kInvalidArgument, "there is no image in the archive{}",
                                   unsupported_.empty() ? "" : "; " + unsupported_text(unsupported_))
                            .advise("Pack a folder with one sub-folder a class"));
        nlohmann::json done{{"images", images_}, {"bytes", bytes_}, {"unsupported", unsupported_}};
        if (is_tar_without_end(archive_.string(), {}))
            done["warnings"] = {
                "The archive has no end-of-archive block, so files may be missing; all of its files are complete"};
        return done;
    }

  private:
    std::string_view words() const {
        const char* text = archive_error_string(reader_.get());
        std::string_view words = text ? text : "unknown format";
        // Some of them are lines.
        while (words.ends_with('\n')) words.remove_suffix(1);
        return words;
    }
    /// Of all formats and filters: "Truncated …" or "truncated …".
    bool is_cut() const { return words().find("runcated") != std::string_view::npos; }

    /// What a client sent is at fault, not what the server keeps.
    tl::unexpected<Error> damaged() const {
        if (!is_cut()) return fail(ErrorCode::kInvalidArgument, "cannot read the archive: {}", words());
        auto error = member_.empty() ? make_error(ErrorCode::kInvalidArgument, "the archive is cut off: {}", words())
                                     : make_error(ErrorCode::kInvalidArgument,
                                                  "the archive is cut off in or behind \"{}\": {}", member_, words());
        return fail(std::move(error).advise("Send the whole file; join the volumes of one that was split"));
    }

    Status open() {
        // Names of tar files come as they are, those of zip files in the locale's characters.
        char start[2] = {};
        std::ifstream(archive_, std::ios::binary).read(start, sizeof start);
        if (std::string_view(start, sizeof start) == "PK") locale_.emplace();
        auto* reader = reader_.get();
        archive_read_support_filter_gzip(reader);
        archive_read_support_filter_bzip2(reader);
        archive_read_support_filter_xz(reader);
        archive_read_support_format_tar(reader);
        archive_read_support_format_zip(reader);
        const bool is_open = archive_read_open_filename(reader, archive_.c_str(), 1 << 18) == ARCHIVE_OK;
        if (!is_open && is_cut()) return damaged();
        if (!is_open)
            return fail(make_error(ErrorCode::kInvalidArgument, "this is not an archive that can be read")
                            .advise("Send a .zip, .tar or .tar.gz"));
        return {};
    }

    /// The parts of a member's path; an error for one that leads anywhere else than down.
    static Result<std::vector<std::string>> parts_of(std::string_view path) {
        const auto wrong = [&](const char* why) {
            return fail(ErrorCode::kInvalidArgument, "the archive has \"{}\": {}", path.substr(0, 200), why);
        };
        if (path.empty() || path.size() > kMostPath) return wrong("its path is empty or too long");
        if (path.front() == '/') return wrong("its path is absolute");
        if (path.find('\\') != std::string_view::npos) return wrong("its path has a backslash");
        // Of Windows. A zip file's backslashes have become slashes by now.
        const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
        if (path.size() > 1 && path[1] == ':' && is_letter(path[0])) return wrong("its path begins with a drive");
        std::vector<std::string> parts;
        for (std::size_t begin = 0; begin < path.size();) {
            const auto end = std::min(path.find('/', begin), path.size());
            const auto part = path.substr(begin, end - begin);
            begin = end + 1;
            if (part.empty() || part == ".") continue;
            if (part == "..") return wrong("its path leads out");
            parts.emplace_back(part);
        }
        if (parts.size() > static_cast<std::size_t>(kMostDepth)) return wrong("its path has too many folders");
        return parts;
    }

    Status take(archive_entry* entry) {
        if (++entries_ > limits_.entries)
            return fail(ErrorCode::kTooLarge, "the archive has more than {} members", limits_.entries);
        const auto name = member_ = name_of(entry);
        DIGITS_ASSIGN(const auto parts, parts_of(name));
        if (archive_entry_hardlink(entry) || archive_entry_symlink(entry))
            return fail(ErrorCode::kInvalidArgument, "the archive has a link: \"{}\"", name);
        if (archive_entry_filetype(entry) == AE_IFDIR) return {};
        if (archive_entry_filetype(entry) != AE_IFREG)
            return fail(ErrorCode::kInvalidArgument, "the archive has \"{}\", which is neither file nor folder", name);
        if (archive_entry_is_encrypted(entry)) return fail(ErrorCode::kInvalidArgument, "\"{}\" is encrypted", name);
        const bool hidden = std::ranges::any_of(
            parts, [](const std::string& part) { return part.front() == '.' || is_system_folder(part); });
        if (parts.empty() || hidden) return {};
        const bool is_label = is_label_file_name(parts.back());
        if (is_label) ++labels_[unsupported_type(parts.back())];
        if (!is_label && !has_image_extension(parts.back())) {
            if (auto type = unsupported_type(parts.back()); !type.empty()) ++unsupported_[std::move(type)];
            return {};
        }
        fs::path place = folder_;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) place /= parts[i];
        fs::create_directories(place);
        images_ += !is_label;
        place /= parts.back();
        if (fs::exists(fs::symlink_status(place)))
            return fail(ErrorCode::kInvalidArgument, "the archive has \"{}\" twice", name);
        return write(place);
    }

    Status write(const fs::path& path) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) return fail(errno_error("cannot write " + path.string(), errno));
        const auto status = copy_to(fd, path);
        ::close(fd);
        return status;
    }

    Status copy_to(int fd, const fs::path& path) {
        std::vector<char> piece(1 << 18);
        for (;;) {
            const auto size = archive_read_data(reader_.get(), piece.data(), piece.size());
            if (size < 0) return damaged();
            if (size == 0) return {};
            bytes_ += static_cast<std::uint64_t>(size);
            if (bytes_ > most_bytes_)
                return fail(ErrorCode::kTooLarge, "the archive unpacks to more than {} bytes", most_bytes_);
            for (la_ssize_t done = 0; done < size;) {
                const auto written = ::write(fd, piece.data() + done, static_cast<std::size_t>(size - done));
                if (written < 0 && errno == EINTR) continue;
                if (written <= 0) return fail(write_error("cannot write " + path.string(), path, errno));
                done += written;
            }
        }
    }

    std::optional<Utf8Locale> locale_;
    const fs::path& archive_;
    const fs::path& folder_;
    const ImageArchiveLimits& limits_;
    std::unique_ptr<::archive, int (*)(::archive*)> reader_;
    std::string member_;  ///< the last that was begun
    std::uint64_t most_bytes_ = 0;
    std::uint64_t entries_ = 0;
    std::uint64_t images_ = 0;
    std::uint64_t bytes_ = 0;
    FileTypes unsupported_;
    FileTypes labels_;  ///< files of labels, which come along
};

}  // namespace

Result<nlohmann::json> unpack_images(const fs::path& archive, const fs::path& folder,
                                     const ImageArchiveLimits& limits) {
    auto unpacked = guarded("unpack the archive", [&] { return Unpacking(archive, folder, limits).run(); });
    if (!unpacked) {
        std::error_code ignored;
        for (const auto& left : fs::directory_iterator(folder, ignored)) fs::remove_all(left.path(), ignored);
    }
    return unpacked;
}

}  // namespace digits
