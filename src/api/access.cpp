#include "api/access.hpp"

#include <algorithm>

#include "http/header_text.hpp"

namespace digits::api {
namespace {

constexpr std::string_view kCookie = "username";
constexpr std::size_t kMaxName_bytes = 64;

}  // namespace

std::string fault_of_user_name(std::string_view name) {
    if (name.empty()) return "username is required";
    if (name.size() > kMaxName_bytes) return fmt::format("May have {} characters", kMaxName_bytes);
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    if (!is_lower(name.front())) return "Must start with a lowercase letter";
    const bool plain = std::ranges::all_of(
        name, [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; });
    return plain ? "" : "Only lowercase letters, numbers, periods, dashes and underscores allowed";
}

std::string user_of(const http::Request& request) {
    const auto* header = request.find_header("cookie");
    auto name = header ? http::cookie_value(*header, kCookie) : std::string();
    return fault_of_user_name(name).empty() ? name : std::string();
}

std::string user_cookie(std::string_view name) {
    constexpr std::string_view kYear = "Max-Age=31536000", kNow = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; {}", kCookie, name, name.empty() ? kNow : kYear);
}

Status authorise(std::string_view user, Act act, const Job& job) {
    switch (act) {
        case Act::kView:
        case Act::kUse: return {};
        case Act::kChange:
            if (job.owner.empty() || job.owner == user) return {};
            return fail(make_error(ErrorCode::kPermissionDenied, "\"{}\" ({}) belongs to {}, and you are {}", job.name,
                                   job.id, job.owner, user.empty() ? "nobody yet" : user)
                            .advise(fmt::format("Ask {0}, or say that you are {0} if it is yours", job.owner)));
    }
    return fail(ErrorCode::kPermissionDenied, "this may not be done to {}", job.id);
}

}  // namespace digits::api
