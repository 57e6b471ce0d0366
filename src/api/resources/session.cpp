#include <nlohmann/json.hpp>

#include "api/access.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "http/header_text.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;

Response session_response(const std::string& user) { return json_response(200, {{"user", user}}); }

Result<Response> say_name(const Request& request) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"user"}));
    DIGITS_ASSIGN(const auto text, text_member(body, "user", true));
    const std::string name(http::trim(text));
    if (const auto fault = fault_of_user_name(name); !fault.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", fault).at("/user"));
    auto response = session_response(name);
    response.set_header("Set-Cookie", user_cookie(name));
    return response;
}

}  // namespace

void register_session(http::Router& router, Context&) {
    router.add("GET", "/api/v1/session",
               [](const Request& request) -> Result<Response> { return session_response(user_of(request)); });
    router.add("PUT", "/api/v1/session", say_name, http::RouteOptions{kMaxBody_bytes});
    router.add("DELETE", "/api/v1/session", [](const Request&) -> Result<Response> {
        auto response = Response::empty(204);
        response.set_header("Set-Cookie", user_cookie(""));
        return response;
    });
}

}  // namespace digits::api
