#pragma once

#include <fmt/format.h>

#include <array>
#include <string>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "base/enum_names.hpp"

namespace digits {

/// Whose fault a failure is and whether the caller can go on; it alone decides HTTP status, exit code and retry.
enum class ErrorCode {
    kInvalidArgument,     ///< the caller gave something wrong: 400 / 422
    kUnauthenticated,     ///< nobody is logged in: 401
    kPermissionDenied,    ///< not allowed: 403
    kNotFound,            ///< 404
    kAlreadyExists,       ///< 409
    kFailedPrecondition,  ///< right request, wrong state: 409
    kTooLarge,            ///< over a limit: 413
    kUnsupported,         ///< understood, but not something we do: 415 / 501
    kCancelled,           ///< the user stopped it
    kResourceExhausted,   ///< memory, disk, file handles: 507, retry later
    kUnavailable,         ///< the other side did not answer: 503, retry
    kDataLoss,            ///< a file is damaged: 500
    kInternal,            ///< our bug: 500
};

template <>
struct EnumNames<ErrorCode> {
    static constexpr std::array<std::pair<ErrorCode, std::string_view>, 13> kNames{{
        {ErrorCode::kInvalidArgument, "invalid_argument"},
        {ErrorCode::kUnauthenticated, "unauthenticated"},
        {ErrorCode::kPermissionDenied, "permission_denied"},
        {ErrorCode::kNotFound, "not_found"},
        {ErrorCode::kAlreadyExists, "already_exists"},
        {ErrorCode::kFailedPrecondition, "failed_precondition"},
        {ErrorCode::kTooLarge, "too_large"},
        {ErrorCode::kUnsupported, "unsupported"},
        {ErrorCode::kCancelled, "cancelled"},
        {ErrorCode::kResourceExhausted, "resource_exhausted"},
        {ErrorCode::kUnavailable, "unavailable"},
        {ErrorCode::kDataLoss, "data_loss"},
        {ErrorCode::kInternal, "internal"},
    }};
};

/// `message` says what was expected and what came; `where` points to it (`file:line:column`, or a JSON path like
/// `/image/width`); `advice` is the next step, if there is one to name.
struct Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string message;
    std::string where;
    std::string advice;

    /// "where: message. advice", as a log line or a terminal shows it.
    std::string to_string() const;
    Error at(std::string place) && {
        where = std::move(place);
        return std::move(*this);
    }
    Error advise(std::string next_step) && {
        advice = std::move(next_step);
        return std::move(*this);
    }
    /// Puts words in front: "cannot open the dataset: " + message.
    Error because(std::string_view context) && {
        message = std::string(context) + ": " + message;
        return std::move(*this);
    }
};

int http_status(ErrorCode code);
/// sysexits-like classes: 2 usage, 3 not found, 4 permission, 5 state, 6 limits, 7 unavailable, 8 data, 10 internal,
/// 130 cancelled.
int exit_code(ErrorCode code);
bool can_retry(ErrorCode code);

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <class... Args>
Error make_error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return Error{code, fmt::format(format, std::forward<Args>(args)...), {}, {}};
}

/// `return fail(ErrorCode::kNotFound, "no job {}", id);`
template <class... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected<Error>(make_error(code, format, std::forward<Args>(args)...));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// An Error with `errno`'s text; the code follows from errno.
Error errno_error(std::string_view what, int errno_value);

}  // namespace digits

#define DIGITS_CONCAT_(a, b) a##b
#define DIGITS_CONCAT(a, b) DIGITS_CONCAT_(a, b)

/// Returns the error of `expression` (a Result or Status), if it has one.
#define DIGITS_TRY(expression)                                                          \
    do {                                                                                \
        if (auto digits_status = (expression); !digits_status)                          \
            return ::tl::unexpected<::digits::Error>(std::move(digits_status).error()); \
    } while (false)

/// `DIGITS_ASSIGN(auto bytes, read_file(path));`
#define DIGITS_ASSIGN(declaration, expression) \
    DIGITS_ASSIGN_(DIGITS_CONCAT(digits_result_, __LINE__), declaration, expression)
#define DIGITS_ASSIGN_(result, declaration, expression)                               \
    auto result = (expression);                                                       \
    if (!result) return ::tl::unexpected<::digits::Error>(std::move(result).error()); \
    declaration = std::move(*result)
