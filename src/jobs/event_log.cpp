#include "jobs/event_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/disk_space.hpp"
#include "base/log.hpp"
#include "jobs/file_handle.hpp"

namespace digits {

namespace {

Result<std::string> read_range(int fd, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        const auto n = ::pread(fd, text.data() + got, size - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(errno_error("cannot read events", errno));
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
}

}  // namespace

EventLogReader::EventLogReader(std::filesystem::path file, std::uint64_t offset)
    : file_(std::move(file)), offset_(offset) {}

Result<std::vector<nlohmann::json>> EventLogReader::read(std::size_t limit_bytes) {
    has_more_ = false;
    const FileHandle file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        if (errno == ENOENT) return std::vector<nlohmann::json>{};
        return fail(errno_error("cannot open " + file_.string(), errno));
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return fail(errno_error("cannot read " + file_.string(), errno));
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size < offset_) offset_ = 0;
    std::size_t wanted = std::min<std::uint64_t>(size - offset_, limit_bytes);
    if (wanted == 0) return std::vector<nlohmann::json>{};
    DIGITS_ASSIGN(auto text, read_range(file.get(), offset_, wanted));
    auto end = text.rfind('\n');
    if (end == std::string::npos && offset_ + text.size() < size) {
        wanted = std::min<std::uint64_t>(size - offset_, kMaxEventLine_bytes);
        DIGITS_ASSIGN(text, read_range(file.get(), offset_, wanted));
        end = text.rfind('\n');
    }
    if (end == std::string::npos) {
        if (text.size() < kMaxEventLine_bytes) return std::vector<nlohmann::json>{};
        if (!skipping_)
            log_warning("{}: a line is longer than {} bytes and is skipped", file_.string(), kMaxEventLine_bytes);
        skipping_ = true;
        offset_ += text.size();
        has_more_ = offset_ < size;
        return std::vector<nlohmann::json>{};
    }
    has_more_ = offset_ + text.size() < size;
    offset_ += end + 1;
    text.resize(end + 1);
    std::string_view lines = text;
    if (skipping_) lines.remove_prefix(lines.find('\n') + 1);
    skipping_ = false;
    return parse_event_lines(lines, file_.string());
}

std::vector<nlohmann::json> parse_event_lines(std::string_view text, std::string_view origin) {
    std::vector<nlohmann::json> events;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin);
        if (end == std::string_view::npos) break;
        const auto line = text.substr(begin, end - begin);
        begin = end + 1;
        if (line.empty()) continue;
        auto event = nlohmann::json::parse(line, nullptr, false);
        const auto has_name = event.is_object() && event.contains("event") && event["event"].is_string();
        if (!has_name || line.size() > kMaxEventLine_bytes) {
            log_warning("{}: skipped a line that is not an event: {}", origin, line.substr(0, 200));
            continue;
        }
        events.push_back(std::move(event));
    }
    return events;
}

Error parse_task_error(const nlohmann::json& event) {
    const auto found = event.find("error");
    const auto data = found != event.end() && found->is_object() ? *found : nlohmann::json::object();
    const auto text = [&](const char* name) {
        const auto member = data.find(name);
        return member != data.end() && member->is_string() ? member->get<std::string>() : std::string();
    };
    Error error{find_enum<ErrorCode>(text("code")).value_or(ErrorCode::kInternal), text("message"), text("where"),
                text("advice")};
    if (error.message.empty()) error.message = "the worker failed without saying why";
    return error;
}

Status end_torn_line(const std::filesystem::path& path) {
    const FileHandle file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    if (!file) return errno == ENOENT ? Status{} : fail(errno_error("cannot open " + path.string(), errno));
    const auto size = ::lseek(file.get(), 0, SEEK_END);
    if (size <= 0) return {};
    char last = 0;
    if (::pread(file.get(), &last, 1, size - 1) != 1) return fail(errno_error("cannot read " + path.string(), errno));
    if (last != '\n' && ::write(file.get(), "\n", 1) != 1)
        return fail(write_error("cannot write " + path.string(), path, errno));
    return {};
}

}  // namespace digits
