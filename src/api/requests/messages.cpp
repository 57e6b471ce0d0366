#include "api/requests/messages.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

std::string title_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument: return "Invalid request";
        case ErrorCode::kUnauthenticated: return "Not logged in";
        case ErrorCode::kPermissionDenied: return "Not allowed";
        case ErrorCode::kNotFound: return "Not found";
        case ErrorCode::kAlreadyExists: return "Exists already";
        case ErrorCode::kFailedPrecondition: return "Not possible now";
        case ErrorCode::kTooLarge: return "Too large";
        case ErrorCode::kUnsupported: return "Not supported";
        case ErrorCode::kCancelled: return "Cancelled";
        case ErrorCode::kResourceExhausted: return "No room";
        case ErrorCode::kUnavailable: return "Not available";
        case ErrorCode::kDataLoss: return "Damaged data";
        case ErrorCode::kInternal: return "Internal error";
    }
    return "Error";
}

}  // namespace

http::Response json_response(int status, const json& body) {
    return http::Response::bytes(status, "application/json", body.dump(-1, ' ', false, json::error_handler_t::replace));
}

namespace {

json problem_json(int status, std::string_view code, std::string_view title, const Error& error) {
    return {{"type", "about:blank"},   {"title", title},       {"status", status},      {"code", code},
            {"detail", error.message}, {"where", error.where}, {"advice", error.advice}};
}

http::Response as_problem(int status, const json& body) {
    return http::Response::bytes(status, "application/problem+json",
                                 body.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

http::Response problem_response(int status, const Error& error) {
    return problem_response(status, enum_name(error.code), title_of(error.code), error);
}

http::Response problem_response(int status, const Error& error, const std::vector<Error>& faults) {
    auto body = problem_json(status, enum_name(error.code), title_of(error.code), error);
    for (const auto& fault : faults)
        body["faults"].push_back({{"detail", fault.message}, {"where", fault.where}, {"advice", fault.advice}});
    return as_problem(status, body);
}

http::Response problem_response(int status, std::string_view code, std::string_view title, const Error& error) {
    return as_problem(status, problem_json(status, code, title, error));
}

Result<json> read_object(const http::Request& request, std::initializer_list<const char*> members) {
    if (request.content_type() != "application/json")
        return fail(ErrorCode::kUnsupported, "the body must be application/json; got \"{}\"", request.content_type());
    return parse_object(request.body, members);
}

Result<std::int64_t> query_number(const http::Request& request, const char* name, std::int64_t fallback,
                                  std::int64_t low, std::int64_t high) {
    const auto* text = request.find_query(name);
    if (!text) return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < low || value > high)
        return fail(make_error(ErrorCode::kInvalidArgument, "{} must be a whole number from {} to {}, got \"{}\"", name,
                               low, high, *text)
                        .at(std::string("?") + name));
    return value;
}

Result<std::optional<double>> query_decimal(const http::Request& request, const char* name, double low, double high) {
    const auto* text = request.find_query(name);
    if (!text) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || !(value >= low && value <= high))
        return fail(make_error(ErrorCode::kInvalidArgument, "{} must be a number from {} to {}, got \"{}\"", name, low,
                               high, text->substr(0, 40))
                        .at(std::string("?") + name));
    return value;
}

Result<Job> route_job(const http::Request& request, const JobManager& jobs, std::string_view kind) {
    const auto& id = request.param("id");
    if (!is_job_id(id)) return fail(ErrorCode::kNotFound, "there is no job {}", id.substr(0, 60));
    DIGITS_ASSIGN(auto job, jobs.get(id));
    if (!kind.empty() && job.kind != kind) return fail(ErrorCode::kNotFound, "{} is a {}, no {}", id, job.kind, kind);
    return job;
}

Error parse_error(const json& error) {
    const auto text = [&](const char* name) { return error.is_object() ? error.value(name, "") : std::string(); };
    return {find_enum<ErrorCode>(text("code")).value_or(ErrorCode::kInternal), text("message"), text("where"),
            text("advice")};
}

Error within(Error error, const std::string& place) {
    if (error.where.empty() || error.where.front() == '/')
        error.where = place + (error.where == "/" ? "" : error.where);
    return error;
}

}  // namespace digits::api
