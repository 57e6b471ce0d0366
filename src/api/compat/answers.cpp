#include "api/compat/answers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/access.hpp"
#include "api/requests/messages.hpp"
#include "base/ids.hpp"

namespace digits::api::compat {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

constexpr int kMaxParts = 1000;

/// Werkzeug's names and phrases, which DIGITS's clients see.
struct HttpFault {
    int status;
    const char* type;
    const char* phrase;
};

HttpFault fault_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument: return {400, "BadRequest", "Bad Request"};
        case ErrorCode::kUnauthenticated: return {401, "Unauthorized", "Unauthorized"};
        case ErrorCode::kPermissionDenied:
        case ErrorCode::kFailedPrecondition: return {403, "Forbidden", "Forbidden"};
        case ErrorCode::kNotFound: return {404, "NotFound", "Not Found"};
        case ErrorCode::kAlreadyExists: return {409, "Conflict", "Conflict"};
        case ErrorCode::kTooLarge: return {413, "RequestEntityTooLarge", "Request Entity Too Large"};
        case ErrorCode::kUnsupported: return {501, "NotImplemented", "Not Implemented"};
        case ErrorCode::kUnavailable: return {503, "ServiceUnavailable", "Service Unavailable"};
        default: return {500, "InternalServerError", "Internal Server Error"};
    }
}

Result<Response> answer(const Request& request, const Handler& handler) {
    auto arguments = Arguments::read(request);
    if (!arguments) return error_response(request, arguments.error());
    auto response = handler(*arguments);
    if (!response) return error_response(request, response.error());
    return response;
}

http::Async<Result<Response>> answer(const Request& request, const AsyncHandler& handler) {
    const auto arguments = Arguments::read(request);
    if (!arguments) co_return error_response(request, arguments.error());
    auto response = co_await handler(*arguments);
    if (!response) co_return error_response(request, response.error());
    co_return response;
}

template <class AnyHandler>
void add(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
         const AnyHandler& handler, Body body, Effect effect) {
    http::RouteOptions options;
    options.changes_state = effect == Effect::kChange;
    if (body != Body::kNone) {
        options.max_body_bytes = kMaxBody_bytes;
        options.multipart = true;
        options.max_upload_bytes = body == Body::kLargeForm ? kMaxPretrained_bytes : kMaxUpload_bytes;
        options.max_parts = kMaxParts;
    }
    for (const auto* method : methods)
        router.add(method, path, [handler](const Request& request) { return answer(request, handler); }, options);
}

/// DIGITS's three spellings of an address.
constexpr const char* kSpellings[]{".json", "/json", ""};

}  // namespace

void add_route(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
               const Handler& handler, Body body, Effect effect) {
    add(router, methods, path, handler, body, effect);
}

void add_route(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
               const AsyncHandler& handler, Body body, Effect effect) {
    add(router, methods, path, handler, body, effect);
}

void add_both(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
              const Handler& handler, Body body) {
    for (const auto* spelling : kSpellings) add_route(router, methods, path + spelling, handler, body);
}

void add_both(http::Router& router, std::initializer_list<const char*> methods, const std::string& path,
              const AsyncHandler& handler, Body body) {
    for (const auto* spelling : kSpellings) add_route(router, methods, path + spelling, handler, body);
}

void add_questions(http::Router& router, Context& context, const std::string& place,
                   std::initializer_list<std::pair<const char*, Question>> questions) {
    for (const auto& [name, ask] : questions)
        add_both(
            router, {"GET", "POST"}, place + name,
            [&context, ask = ask](const Arguments& arguments) { return ask(arguments, context); }, Body::kForm);
}

Response error_response(const Request& request, const Error& error) {
    const auto fault = fault_of(error.code);
    const auto description = error.to_string();
    if (!wants_json(request)) return text_response(fault.status, std::string(fault.phrase) + ": " + description);
    return json_response(fault.status,
                         {{"error",
                           {{"message", fmt::format("{} {}: {}", fault.status, fault.phrase, description)},
                            {"type", fault.type},
                            {"description", description}}}});
}

Response form_errors(const json& errors) { return json_response(400, {{"errors", errors}}); }

Response text_response(int status, std::string text) {
    return Response::bytes(status, "text/plain; charset=utf-8", std::move(text));
}

Response redirect(std::string place) {
    auto response = text_response(302, "See " + place);
    response.set_header("Location", std::move(place));
    return response;
}

std::string find_user(const Arguments& arguments) {
    const auto name = arguments.get("username");
    return name.empty() ? user_of(arguments.request()) : name;
}

Result<std::string> require_user(const Arguments& arguments) {
    auto name = find_user(arguments);
    if (name.empty())
        return fail(make_error(ErrorCode::kUnauthenticated, "username is required")
                        .advise("Give a field username, or POST one to /login and send its cookie"));
    if (const auto fault = fault_of_user_name(name); !fault.empty())
        return fail(ErrorCode::kInvalidArgument, "Invalid username - {}", fault);
    return name;
}

Result<Job> find_job(const std::string& id, const Context& context, std::string_view kind) {
    auto job = is_job_id(id) ? context.jobs.get(id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!job || (!kind.empty() && job->kind != kind)) return fail(ErrorCode::kNotFound, "Job not found");
    return job;
}

Result<Job> argument_job(const Arguments& arguments, const Context& context, std::string_view kind) {
    const auto* id = arguments.find("job_id");
    if (!id) return fail(ErrorCode::kInvalidArgument, "job_id is a required field");
    return find_job(*id, context, kind);
}

}  // namespace digits::api::compat
