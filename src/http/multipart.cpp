#include "http/multipart.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/disk_space.hpp"
#include "base/ids.hpp"
#include "http/header_text.hpp"

namespace digits::http {
namespace {

constexpr std::size_t kMaxPartHeaders = 8 << 10;
constexpr std::size_t kMaxFileName = 255;

/// What a client calls its file, fit for showing: no folders, no control characters.
std::string shown_name(std::string_view name) {
    auto base = printable(name.substr(name.find_last_of("/\\") + 1));
    while (base.size() > kMaxFileName || (!base.empty() && !is_utf8(base))) base.pop_back();
    return base.empty() ? "image" : base;
}

}  // namespace

Result<MultipartReader> MultipartReader::create(std::string_view content_type, std::filesystem::path folder,
                                                int max_parts, std::uint64_t max_values_bytes) {
    const auto boundary = header_parameter(content_type, "boundary");
    if (boundary.empty() || boundary.size() > 70)
        return fail(ErrorCode::kInvalidArgument,
                    "a multipart body needs a boundary of 1 to 70 characters in its Content-Type");
    return MultipartReader(boundary, std::move(folder), max_parts, max_values_bytes);
}

MultipartReader::MultipartReader(const std::string& boundary, std::filesystem::path folder, int max_parts,
                                 std::uint64_t max_values_bytes)
    : delimiter_("\r\n--" + boundary),
      folder_(std::move(folder)),
      max_parts_(max_parts),
      max_values_bytes_(max_values_bytes),
      buffer_("\r\n") {}

MultipartReader::MultipartReader(MultipartReader&& other) noexcept
    : delimiter_(std::move(other.delimiter_)),
      folder_(std::move(other.folder_)),
      max_parts_(other.max_parts_),
      max_values_bytes_(other.max_values_bytes_),
      state_(other.state_),
      buffer_(std::move(other.buffer_)),
      parts_(std::move(other.parts_)),
      values_bytes_(other.values_bytes_),
      fd_(std::exchange(other.fd_, -1)) {}

MultipartReader::~MultipartReader() {
    if (fd_ >= 0) ::close(fd_);
}

Status MultipartReader::feed(std::string_view bytes) {
    buffer_ += bytes;
    while (true) {
        DIGITS_ASSIGN(const bool more, step());
        if (!more) return {};
    }
}

/// Takes one thing off the buffer; false: more bytes are needed.
Result<bool> MultipartReader::step() {
    switch (state_) {
        case State::kPreamble: {
            const auto found = buffer_.find(delimiter_);
            if (found == std::string::npos) {
                if (buffer_.size() > kMaxPartHeaders)
                    return fail(ErrorCode::kInvalidArgument, "the multipart body does not begin with its boundary");
                return false;
            }
            buffer_.erase(0, found + delimiter_.size());
            state_ = State::kAfterBoundary;
            return true;
        }
        case State::kAfterBoundary:
            if (buffer_.size() < 2) return false;
            if (buffer_.starts_with("--")) {
                state_ = State::kEpilogue;
            } else if (buffer_.starts_with("\r\n")) {
                state_ = State::kHeaders;
            } else {
                return fail(ErrorCode::kInvalidArgument, "a multipart boundary is not followed by a line end");
            }
            // The line end stays: a part without headers has it for its empty line.
            if (state_ == State::kEpilogue) buffer_.clear();
            return true;
        case State::kHeaders: {
            const auto end = buffer_.find("\r\n\r\n");
            if (end > kMaxPartHeaders) {  // or none has come
                if (buffer_.size() > kMaxPartHeaders)
                    return fail(ErrorCode::kTooLarge, "the headers of a multipart part are over {} bytes",
                                kMaxPartHeaders);
                return false;
            }
            DIGITS_TRY(begin_part(std::string_view(buffer_).substr(0, end)));
            buffer_.erase(0, end + 4);
            state_ = State::kBody;
            return true;
        }
        case State::kBody: {
            const auto found = buffer_.find(delimiter_);
            if (found != std::string::npos) {
                DIGITS_TRY(add_to_part(std::string_view(buffer_).substr(0, found)));
                DIGITS_TRY(end_part());
                buffer_.erase(0, found + delimiter_.size());
                state_ = State::kAfterBoundary;
                return true;
            }
            // The last bytes may be the beginning of the delimiter.
            if (buffer_.size() > delimiter_.size()) {
                const auto certain = buffer_.size() - delimiter_.size();
                DIGITS_TRY(add_to_part(std::string_view(buffer_).substr(0, certain)));
                buffer_.erase(0, certain);
            }
            return false;
        }
        case State::kEpilogue: buffer_.clear(); return false;
    }
    return false;
}

Status MultipartReader::begin_part(std::string_view headers) {
    if (static_cast<int>(parts_.size()) >= max_parts_)
        return fail(ErrorCode::kTooLarge, "the multipart body has more than {} parts", max_parts_);
    Part part;
    bool is_file = false;
    while (!headers.empty()) {
        const auto end = std::min(headers.find("\r\n"), headers.size());
        const auto line = headers.substr(0, end);
        headers.remove_prefix(std::min(end + 2, headers.size()));
        const auto colon = line.find(':');
        if (line.empty() || colon == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, colon));
        const auto value = trim(line.substr(colon + 1));
        if (equal_ignoring_case(name, "content-disposition")) {
            part.name = printable(header_parameter(value, "name"));
            is_file = lower_case(value).find("filename") != std::string::npos;
            part.file_name = is_file ? shown_name(header_parameter(value, "filename")) : "";
        } else if (equal_ignoring_case(name, "content-type")) {
            part.content_type = printable(value);
        }
    }
    if (part.name.empty()) return fail(ErrorCode::kInvalidArgument, "a part of the multipart body has no name");
    if (is_file) {
        const auto path = folder_ / ("upload-" + random_hex(16));
        fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd_ < 0) return fail(write_error("cannot keep the uploaded file " + path.string(), path, errno));
        part.file = std::make_shared<TemporaryFile>(path);
    }
    parts_.push_back(std::move(part));
    return {};
}

Status MultipartReader::add_to_part(std::string_view bytes) {
    auto& part = parts_.back();
    part.size += bytes.size();
    if (fd_ < 0) {
        values_bytes_ += bytes.size();
        if (values_bytes_ > max_values_bytes_)
            return fail(ErrorCode::kTooLarge, "the fields of the multipart body are over {} bytes", max_values_bytes_);
        part.value += bytes;
        return {};
    }
    while (!bytes.empty()) {
        const auto written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail(write_error("cannot keep the uploaded file " + part.file_name, folder_, errno));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Status MultipartReader::end_part() {
    if (fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0)
        return fail(write_error("cannot keep the uploaded file " + parts_.back().file_name, folder_, errno));
    return {};
}

Result<std::vector<Part>> MultipartReader::finish() {
    if (state_ != State::kEpilogue)
        return fail(ErrorCode::kInvalidArgument, "the multipart body ends before its closing boundary");
    return std::move(parts_);
}

}  // namespace digits::http
