#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace digits {

std::string Error::to_string() const {
    // A message may end in lines of a log; the advice belongs to its sentence.
    const auto end = message.find('\n');
    auto text = (where.empty() ? "" : where + ": ") + message.substr(0, end);
    if (!advice.empty()) text += (text.ends_with('.') ? " " : ". ") + advice;
    if (end != std::string::npos) text += message.substr(end);
    return text;
}

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument: return 422;
        case ErrorCode::kUnauthenticated: return 401;
        case ErrorCode::kPermissionDenied: return 403;
        case ErrorCode::kNotFound: return 404;
        case ErrorCode::kAlreadyExists:
        case ErrorCode::kFailedPrecondition:
        case ErrorCode::kCancelled: return 409;
        case ErrorCode::kTooLarge: return 413;
        case ErrorCode::kUnsupported: return 415;
        case ErrorCode::kResourceExhausted: return 507;
        case ErrorCode::kUnavailable: return 503;
        case ErrorCode::kDataLoss:
        case ErrorCode::kInternal: return 500;
    }
    return 500;
}

int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kUnsupported: return 2;
        case ErrorCode::kNotFound: return 3;
        case ErrorCode::kUnauthenticated:
        case ErrorCode::kPermissionDenied: return 4;
        case ErrorCode::kAlreadyExists:
        case ErrorCode::kFailedPrecondition: return 5;
        case ErrorCode::kTooLarge:
        case ErrorCode::kResourceExhausted: return 6;
        case ErrorCode::kUnavailable: return 7;
        case ErrorCode::kDataLoss: return 8;
        case ErrorCode::kInternal: return 10;
        case ErrorCode::kCancelled: return 130;
    }
    return 10;
}

bool can_retry(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kResourceExhausted; }

Error errno_error(std::string_view what, int errno_value) {
    ErrorCode code = ErrorCode::kInternal;
    switch (errno_value) {
        case ENOENT:
        case ENOTDIR: code = ErrorCode::kNotFound; break;
        case EACCES:
        case EPERM:
        case EROFS: code = ErrorCode::kPermissionDenied; break;
        case EEXIST: code = ErrorCode::kAlreadyExists; break;
        case ENOSPC:
        case EDQUOT:
        case ENOMEM:
        case EMFILE:
        case ENFILE: code = ErrorCode::kResourceExhausted; break;
        case EISDIR:
        case ENAMETOOLONG:
        case ELOOP: code = ErrorCode::kInvalidArgument; break;
        default: break;
    }
    return make_error(code, "{}: {}", what, std::strerror(errno_value));
}

}  // namespace digits
