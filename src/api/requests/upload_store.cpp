#include "api/requests/upload_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/disk_space.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"

namespace digits::api {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kIdBytes = 16;
constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostPath = 1024;
constexpr int kMostDepth = 32;

bool is_upload_id(std::string_view id) {
    return id.size() == 2 * kIdBytes &&
           std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Whether a path of the client names a place below a folder, and nothing else.
Status check_relative(std::string_view path) {
    const auto wrong = [&](const char* why) {
        return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a path inside the upload: {}", path.substr(0, 200),
                    why);
    };
    if (path.empty() || path.size() > kMostPath) return wrong("it has 1 to 1024 bytes");
    if (path.front() == '/') return wrong("it begins with /");
    if (path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos)
        return wrong("it has a backslash or a zero");
    int depth = 0;
    for (std::size_t begin = 0; begin <= path.size();) {
        const auto end = std::min(path.find('/', begin), path.size());
        const auto part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == "..") return wrong("a part is empty, . or ..");
        if (part.size() > 255) return wrong("a part is longer than 255 bytes");
        if (++depth > kMostDepth) return wrong("it is too deep");
        begin = end + 1;
    }
    return {};
}

Status write_at_end(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return fail(errno_error("cannot open " + path.string(), errno));
    struct stat facts{};
    if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink > 1) {
        ::close(fd);
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "{} is not a file of this upload alone: it has another name elsewhere", path.string())
                        .advise("Send the images as a new upload"));
    }
    Status status;
    for (std::size_t done = 0; done < bytes.size();) {
        const auto written = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            status = fail(write_error("cannot write " + path.string(), path, errno));
            // What is there of the piece is sent again.
            [[maybe_unused]] const auto cut = ::ftruncate(fd, static_cast<off_t>(offset));
            break;
        }
        done += static_cast<std::size_t>(written);
    }
    ::close(fd);
    return status;
}

}  // namespace

Result<Upload> UploadStore::create(UploadKind kind, const std::string& name) {
    if (name.empty() || name.size() > kMostName)
        return fail(make_error(ErrorCode::kInvalidArgument, "the name has {} bytes; it must have 1 to {}", name.size(),
                               kMostName)
                        .at("/name"));
    const std::scoped_lock lock(mutex_);
    Upload upload;
    upload.id = random_hex(kIdBytes);
    upload.kind = kind;
    upload.name = name;
    std::error_code error;
    fs::create_directories(files(upload.id), error);
    if (error) return fail(errno_error("cannot make " + files(upload.id).string(), error.value()));
    DIGITS_TRY(save(upload));
    return known_.emplace(upload.id, upload).first->second;
}

Status UploadStore::save(const Upload& upload) const {
    const json facts{{"format", 1},
                     {"kind", upload.kind == UploadKind::kFolder ? "folder" : "archive"},
                     {"name", upload.name},
                     {"finished", upload.finished}};
    return write_file_atomic(root_ / upload.id / "upload.json",
                             facts.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// One of an earlier server is counted again.
Result<Upload*> UploadStore::find(std::string_view id) {
    if (const auto known = known_.find(id); known != known_.end()) return &known->second;
    const auto none = [&] { return fail(ErrorCode::kNotFound, "there is no upload {}", id.substr(0, 60)); };
    if (!is_upload_id(id)) return none();
    const auto text = read_file(root_ / id / "upload.json", 1 << 16);
    const auto facts = text ? json::parse(*text, nullptr, false) : json();
    if (!facts.is_object()) return none();
    Upload upload;
    upload.id = id;
    upload.kind = facts.value("kind", "folder") == "archive" ? UploadKind::kArchive : UploadKind::kFolder;
    upload.name = facts.value("name", "");
    upload.finished = facts.value("finished", false);
    std::error_code error;
    const auto count = [&](const fs::path& file) {
        std::error_code ignored;
        const auto size = fs::file_size(file, ignored);
        if (ignored) return;
        ++upload.files;
        upload.bytes += size;
    };
    if (upload.kind == UploadKind::kArchive && !upload.finished) count(archive(id));
    for (auto it = fs::recursive_directory_iterator(files(id), error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error))
        if (it->is_regular_file()) count(it->path());
    return &known_.emplace(upload.id, upload).first->second;
}

Result<Upload> UploadStore::get(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(const auto* upload, find(id));
    return *upload;
}

Result<fs::path> UploadStore::place(const Upload& upload, std::string_view path) const {
    if (upload.kind == UploadKind::kArchive) {
        if (path != "archive")
            return fail(ErrorCode::kInvalidArgument, "an archive is sent to the path \"archive\", not \"{}\"",
                        path.substr(0, 200));
        return archive(upload.id);
    }
    DIGITS_TRY(check_relative(path));
    return files(upload.id) / path;
}

Result<std::uint64_t> UploadStore::size_of(std::string_view id, std::string_view path) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(const auto* upload, find(id));
    DIGITS_ASSIGN(const auto file, place(*upload, path));
    std::error_code none;
    const auto size = fs::file_size(file, none);
    return none ? 0 : size;
}

Result<std::uint64_t> UploadStore::append(std::string_view id, std::string_view path, std::uint64_t offset,
                                          std::string_view bytes) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* upload, find(id));
    if (upload->finished) return fail(ErrorCode::kFailedPrecondition, "the upload {} is finished", id);
    DIGITS_ASSIGN(const auto file, place(*upload, path));
    std::error_code error;
    const bool present = fs::exists(fs::symlink_status(file, error));
    const auto size = present ? fs::file_size(file, error) : 0;
    if (size != offset)
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "{} has {} bytes, the piece begins at {}", path, size, offset)
                .at("?offset")
                .advise("Go on from there"));
    if (upload->bytes + bytes.size() > limits_.upload_bytes || upload->files + !present > limits_.upload_files)
        return fail(make_error(ErrorCode::kTooLarge, "an upload has at most {} bytes and {} files",
                               limits_.upload_bytes, limits_.upload_files)
                        .advise("Copy the images to the server's machine, and choose their folder there"));
    const auto space = fs::space(root_, error);
    if (!error && space.available < bytes.size() + limits_.free_bytes)
        return fail(make_error(ErrorCode::kResourceExhausted, "the disk of the server is full: {} bytes are left",
                               space.available)
                        .advise("Delete datasets, models or uploads"));
    fs::create_directories(file.parent_path(), error);
    if (error) return fail(errno_error("cannot make " + file.parent_path().string(), error.value()));
    DIGITS_TRY(write_at_end(file, offset, bytes));
    upload->files += !present;
    upload->bytes += bytes.size();
    return offset + bytes.size();
}

Result<Upload> UploadStore::finish(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(auto* upload, find(id));
    if (upload->finished) return *upload;
    if (upload->files == 0) return fail(ErrorCode::kFailedPrecondition, "nothing was sent to the upload {}", id);
    upload->finished = true;
    DIGITS_TRY(save(*upload));
    // What an archive held is counted in its place.
    known_.erase(known_.find(id));
    DIGITS_ASSIGN(upload, find(id));
    return *upload;
}

Status UploadStore::remove(std::string_view id) {
    const std::scoped_lock lock(mutex_);
    DIGITS_ASSIGN(const auto* upload, find(id));
    const auto folder = root_ / upload->id;
    known_.erase(upload->id);
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) return fail(errno_error("cannot remove " + folder.string(), error.value()));
    return {};
}

void UploadStore::expire(fs::file_time_type before, const std::function<bool(const std::string& id)>& is_wanted) {
    const std::scoped_lock lock(mutex_);
    std::error_code error;
    for (auto it = fs::directory_iterator(root_, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
        const auto id = it->path().filename().string();
        std::error_code ignored;
        auto touched = fs::last_write_time(it->path(), ignored);
        for (const char* part : {"files", "archive"})
            if (const auto time = fs::last_write_time(it->path() / part, ignored); !ignored)
                touched = std::max(touched, time);
        if (touched >= before || is_wanted(id)) continue;
        known_.erase(id);
        fs::remove_all(it->path(), ignored);
        log_info("the upload {} was removed: nobody has used it", id);
    }
}

fs::path UploadStore::images(std::string_view id) const {
    auto folder = files(id);
    for (int depth = 0; depth < kMostDepth; ++depth) {
        std::error_code error;
        fs::path only;
        int entries = 0;
        for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator() && entries < 2;
             it.increment(error), ++entries)
            only = it->path();
        std::error_code ignored;
        if (entries != 1 || !fs::is_directory(only, ignored)) break;
        folder = only;
    }
    return folder;
}

}  // namespace digits::api
