#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"
#include "jobs/job.hpp"

namespace digits::api {

// The user of a request and what that user may do are decided here and nowhere else. On the loopback a user is a name
// that the client gives itself, without password, as in DIGITS.

/// The name in the request's cookie; empty if it has none, or one that is not a name.
std::string user_of(const http::Request& request);

/// Why the text cannot be a user's name; empty if it can.
std::string fault_of_user_name(std::string_view name);

/// The value of a Set-Cookie header that keeps the name; empty: forgets it.
std::string user_cookie(std::string_view name);

enum class Act {
    kView,    ///< look at it, download it
    kUse,     ///< ask it something: classify, test
    kChange,  ///< edit, regroup, abort, resume, delete
};

/// Everybody may view and use a job; only its owner changes it, and everybody one that has no owner. Any other act is
/// refused. kPermissionDenied.
Status authorise(std::string_view user, Act act, const Job& job);

}  // namespace digits::api
