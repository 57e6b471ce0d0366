#include "http/file_body.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "http/header_text.hpp"

namespace digits::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return number;
}

bool names_etag(std::string_view list, const std::string& etag) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto item = trim(list.substr(0, comma));
        if (item == "*") return true;
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == etag) return true;
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return false;
}

}  // namespace

Result<OpenFile> OpenFile::open(const std::filesystem::path& path) {
    OpenFile file;
    // Without O_NONBLOCK a named pipe would block the thread for ever.
    file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file.fd_ < 0) return fail(errno_error("cannot open " + path.filename().string(), errno));
    struct stat status{};
    if (::fstat(file.fd_, &status) != 0) return fail(errno_error("cannot look at " + path.filename().string(), errno));
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kNotFound, "{} is not a file", path.filename().string());
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    file.etag_ = fmt::format("\"{:x}-{:x}-{:x}\"", status.st_ino, status.st_size,
                             status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec);
    file.modified_ = fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(status.st_mtim.tv_sec));
    return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept { *this = std::move(other); }

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    size_ = other.size_;
    etag_ = std::move(other.etag_);
    modified_ = std::move(other.modified_);
    return *this;
}

OpenFile::~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::string> OpenFile::read(std::uint64_t offset, std::size_t bytes) const {
    std::string result(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const auto got = ::pread(fd_, result.data() + have, bytes - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(errno_error("cannot read", errno));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    result.resize(have);
    return result;
}

FileSelection select_range(const Request& request, const OpenFile& file) {
    FileSelection all{200, 0, file.size(), ""};
    if (const auto* tags = request.find_header("if-none-match"); tags && names_etag(*tags, file.etag()))
        return {304, 0, 0, ""};
    const auto* range = request.find_header("range");
    // One range of bytes only; anything else is answered with the whole file, as the standard allows.
    if (!range || !range->starts_with("bytes=") || range->find(',') != std::string::npos) return all;
    if (const auto* condition = request.find_header("if-range");
        condition && *condition != file.etag() && *condition != file.modified())
        return all;
    const auto text = std::string_view(*range).substr(6);
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return all;
    const auto first = parse_number(trim(text.substr(0, dash)));
    const auto last = parse_number(trim(text.substr(dash + 1)));
    if (!first && !last) return all;
    if (first && last && *last < *first) return all;
    const FileSelection none{416, 0, 0, fmt::format("bytes */{}", file.size())};
    FileSelection part{206, 0, 0, ""};
    if (first) {
        if (*first >= file.size()) return none;
        part.first = *first;
        part.count = std::min(last ? *last : file.size() - 1, file.size() - 1) - *first + 1;
    } else {
        if (*last == 0 || file.size() == 0) return none;
        part.count = std::min(*last, file.size());
        part.first = file.size() - part.count;
    }
    part.content_range = fmt::format("bytes {}-{}/{}", part.first, part.first + part.count - 1, file.size());
    return part;
}

}  // namespace digits::http
